import { requirement } from '../../lib/conformance/test.ts'
import { loadBalancerNamespace } from '../../lib/swarm/namespaces.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { distinct } from '../../lib/observation/problem.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { choosesAtRandom, someChooseAtRandom } from '../../lib/observe/random-balancer.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { docs, moby, overlayTutorial } from '../source.ts'
import { connectByVip, type Connections, connectionsByClient, type ConnectionsByVip } from './connections.ts'
import { oneConnectionProblems, linesPerConnection } from './one-connection.ts'
import { type Client, countShares, shareProblems, sharesTable } from './task-shares.ts'
import { homesOf, tasksAt, tasksOfService } from '../scene/sending/counted.ts'

export const roundRobin = requirement({
  id: 'LB-01',
  requirement: 'Fresh connections to the VIP reach all tasks, in round-robin shares.',
  byEngine: [
    {
      since: '29.8',
      expected:
        'engines whose balancer is made of nftables rules choose at random: shares are those of chance, told by the rules and not by the version',
      source: moby('moby/moby#53125'),
    },
  ],
  source: [docs('Configure service discovery'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: ['ipvs'],
  method:
    'From one task on every node fresh connections are made to the VIP of a service, one after another, six times as many as it has tasks. Each answer names the task it came from. Every task must answer, and per client the shares must be equal; one connection more or less is tolerated, for others on the node may use the VIP at the same time. Where the balancer’s rules choose at random (nftables without IPVS), there are twelve connections per task or more, so many that chance leaves out a task in fewer than one of a hundred thousand runs, and shares are unequal where chance gives such in fewer than one of a million. Then a server in each task answers lines with the task’s name, and each client sends six requests over each of a few connections: whichever task gets a connection must answer all of its requests, for balancing is by connection.',
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
  reads: [kernel],
  probes: (lab) =>
    homesOf(tasksAt(lab, 'clear')) * connectionsByClient(tasksOfService(lab, 'web'), lab.random),
  async observe(lab): Promise<Seen> {
    const seen = await lab.scene(kernel)
    const isRandom = someChooseAtRandom(seen, loadBalancerNamespace(lab.stack.networks.clear.id))
    return { ...(await connectByVip(lab, isRandom)), kernel: seen }
  },
  judge({ fresh, kept, kernel: states }, facts) {
    const { web, rr } = facts.services
    const { clear } = facts.networks
    const tasks = facts.tasks.filter(({ service }) => service === web.name)
    const clientOf = ({ probe }: Connections): Client => ({
      ...{ node: probe.fromNode, ends: { from: probe.from, to: web.name } },
      ...{ network: clear.name, service: web.name, address: probe.to },
      ...(probe.port === undefined ? {} : { port: probe.port }),
    })
    const shares = fresh.map((one) => ({ one, shares: countShares(one.probe.replies, tasks) }))
    const split = kept.flatMap((one) =>
      distinct(oneConnectionProblems(one.probe.replies, tasks, clientOf(one))),
    )
    const connections = kept.reduce((sum, { probe }) => sum + probe.attempts.length, 0)
    const isRandom = (node: string): boolean =>
      choosesAtRandom(states?.[node]?.namespaces[loadBalancerNamespace(clear.id)])
    const made = fresh[0]?.probe.attempts.length ?? 0
    return judgement({
      problems: [
        ...shares.flatMap(({ one, shares: counted }) =>
          shareProblems(counted, tasks, clientOf(one), isRandom(one.probe.fromNode)),
        ),
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
          : `${shares.length} clients made ${made} connections each; every one reached all ${tasks.length} tasks in ${fresh.some(({ probe }) => isRandom(probe.fromNode)) ? 'shares of chance' : 'equal shares'}; over ${connections} connections ${linesPerConnection} requests each were answered by one task`,
    })
  },
})

interface Seen extends ConnectionsByVip {
  /** Tells how the balancers choose; not there in older runs, whose engines take turns. */
  readonly kernel?: KernelSeen
}
