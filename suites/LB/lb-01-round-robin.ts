import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { distinct } from '../../lib/observation/problem.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { docs, overlayTutorial } from '../source.ts'
import { type Connections, connectByVip } from './connections.ts'
import { connectionProblems, linesPerConnection } from './one-connection.ts'
import { type Client, countShares, shareProblems, sharesTable } from './task-shares.ts'

export const roundRobin = requirement({
  id: 'LB-01',
  requirement: 'Fresh connections to the VIP reach all tasks, in round-robin shares.',
  source: [docs('Configure service discovery'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: ['ipvs'],
  method:
    'From one task on every node fresh connections are made to the VIP of a service, one after another, six times as many as it has tasks. Each answer names the task it came from. Every task must answer, and per client the shares must be equal; one connection more or less is tolerated, for others on the node may use the VIP at the same time. Then a server in each task answers lines with the task’s name, and each client sends six requests over each of a few connections: whichever task gets a connection must answer all of its requests, for balancing is by connection.',
  usualCauses: [
    'a node’s balancer lists not all tasks, or one with weight 0: see LB-02',
    'a task is listed but cannot be reached from that node: see OVL-03 and VXL-06',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln --stats on the node of the client',
    'docker service update --force SERVICE if a balancer lists tasks that are gone',
  ],
  codes: [
    'connections-unanswered',
    'answered-by-another',
    'task-not-balanced-to',
    'shares-unequal',
    'requests-unanswered',
    'connection-split',
  ],
  changes: [],
  quiet: ['traffic', 'changes'],
  reads: [],
  observe: connectByVip,
  judge({ fresh, kept }, facts) {
    const { web, rr } = facts.services
    const { clear } = facts.networks
    const tasks = facts.tasks.filter(({ service }) => service === web.name)
    const clientOf = ({ probe }: Connections): Client => ({
      ...{ node: probe.fromNode, ends: { from: probe.from, to: web.name } },
      ...{ network: clear.name, service: web.name, address: probe.to },
      ...(probe.port === undefined ? {} : { port: probe.port }),
    })
    const shares = fresh.map((one) => ({ one, shares: countShares(one.probe.replies, tasks) }))
    const split = kept.flatMap((one) => distinct(connectionProblems(one.probe.replies, tasks, clientOf(one))))
    const connections = kept.reduce((sum, { probe }) => sum + probe.attempts.length, 0)
    const made = fresh[0]?.probe.attempts.length ?? 0
    return judgement({
      problems: [
        ...shares.flatMap(({ one, shares: counted }) => shareProblems(counted, tasks, clientOf(one))),
        ...split,
      ],
      unseen: [
        ...unseenFromTasks(
          facts,
          facts.tasks.filter(({ service }) => service === rr.name),
          rr.name,
        ),
        ...(web.vips[clear.id] === undefined ? [{ what: `a virtual IP of ${web.name}`, nodes: [] }] : []),
        ...(tasks.length === 0 ? [{ what: `a running task of ${web.name}`, nodes: [] }] : []),
      ],
      tables: {
        'answers by client': shares.map(({ one, shares: counted }) =>
          sharesTable(one.probe.from, counted, tasks),
        ),
        'several requests over one connection': {
          ...{ connections, requestsPerConnection: linesPerConnection, problems: split.length },
        },
      },
      conclusion:
        shares.length === 0 || tasks.length === 0
          ? ''
          : `${shares.length} clients made ${made} connections each; every one reached all ${tasks.length} tasks in equal shares; over ${connections} connections ${linesPerConnection} requests each were answered by one task`,
    })
  },
})
