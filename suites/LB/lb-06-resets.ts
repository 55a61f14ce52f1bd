import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { moby } from '../source.ts'
import { connectionsEach, downloadSustained, resetsOf } from './resets.ts'
import { homesOf, tasksAt } from '../scene/sending/counted.ts'

export const resets = requirement({
  id: 'LB-06',
  requirement: 'Connections that carry data are not reset, by VIP no more than straight to a task.',
  source: [moby('issue 40374: connections by VIP are reset under load')],
  safety: 'production',
  advisory: true,
  needs: ['two-nodes', 'ipvs'],
  method:
    'A task on every node downloads the large file six times by the VIP of a service, and six times straight from a task of it on another node, at the same time. Connections that were made and then reset are counted for each. What is slow, silent or not whole is for MTU-03 and LB-01.',
  usualCauses: [
    'conntrack in the balancer’s namespace takes late or repeated segments for invalid and does not translate them, so that the client’s or the task’s kernel answers with a reset',
    'tasks that end or restart while they answer',
    'something between the nodes that cuts connections off',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1',
    'docker service update --endpoint-mode dnsrr SERVICE, where clients ask the name again for each connection',
    'nsenter --net=/run/docker/netns/lb_NETWORK conntrack -S: does invalid= rise?',
  ],
  codes: ['connections-reset'],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [],
  probes: (lab) => 2 * connectionsEach * homesOf(tasksAt(lab, 'clear')),
  observe: downloadSustained,
  judge({ downloads }, facts) {
    const { web, rr } = facts.services
    const { clear } = facts.networks
    const rows = downloads.map(({ by, probe }) => ({
      ...{ by, node: probe.fromNode, client: probe.from, address: probe.to },
      ...{ connections: probe.attempts.length, reset: resetsOf(probe) },
      whole: (probe.http ?? []).filter((http) => http?.bodyBytes === facts.bulkBytes).length,
    }))
    const total = (by: 'vip' | 'task', figure: 'connections' | 'reset'): number =>
      rows.filter((row) => row.by === by).reduce((sum, row) => sum + row[figure], 0)
    return judgement({
      problems: rows
        .filter(({ reset }) => reset > 0)
        .map(({ by, node, client, address, connections, reset }): Problem => ({
          ...{
            code: 'connections-reset',
            kind: 'seen',
            node,
            network: clear.name,
            service: web.name,
            address,
          },
          ...{ ends: { from: client, to: web.name }, protocol: 'TCP' },
          ...{ subject: by === 'vip' ? 'by VIP' : 'straight to a task' },
          ...{ expected: connections, observed: reset },
        })),
      measures: [
        {
          name: 'connections reset, by VIP',
          value: total('vip', 'reset'),
          unit: `of ${total('vip', 'connections')}`,
        },
        {
          name: 'connections reset, straight to a task',
          value: total('task', 'reset'),
          unit: `of ${total('task', 'connections')}`,
        },
      ],
      unseen: [
        ...unseenFromTasks(
          facts,
          facts.tasks.filter(({ service }) => service === rr.name),
          rr.name,
        ),
        ...(web.vips[clear.id] === undefined ? [{ what: `a virtual IP of ${web.name}`, nodes: [] }] : []),
      ],
      tables: { 'downloads of each client': rows },
      conclusion: rows.some(({ whole }) => whole > 0)
        ? `none of ${total('vip', 'connections')} connections by VIP was reset, and none of ${total('task', 'connections')} straight to a task`
        : '',
    })
  },
})
