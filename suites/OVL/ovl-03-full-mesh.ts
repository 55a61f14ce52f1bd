import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { exchange } from '../scene/exchange.ts'
import { groupBy } from '../scene/group-by.ts'
import { exceptFor } from '../scene/left-out.ts'
import { requireTaskOnEveryNode, taskLabel } from '../scene/pair.ts'
import { deliveryProblem } from '../scene/delivery.ts'
import { otherSpis } from '../known-issues.ts'
import { docs, internals, overlayTutorial } from '../source.ts'

export const fullMesh = conformanceTest({
  id: 'OVL-03',
  requirement: 'Task IPs of one network reach each other, full mesh across hosts, by ICMP, TCP and UDP.',
  source: [
    docs('Attach a service to an overlay network'),
    internals('Overlay'),
    overlayTutorial('Default Overlay Network'),
  ],
  safety: 'production',
  quick: true,
  needs: ['two-nodes'],
  knownIssues: [otherSpis],
  method:
    'Every task of the clear and of the encrypted network sends to the address of every other, on its own host too: an ICMP echo, a UDP datagram that must come back as it went, and an HTTP request that must be answered with the target’s own host name.',
  usualCauses: [
    'the data-path port (4789/udp) or, for the encrypted network, IP protocol 50 is blocked between two nodes',
    'ping works but TCP and UDP do not: checksum offload of the virtual network card',
    'a stale or missing forwarding entry: two tasks cannot talk, others on the same hosts can',
  ],
  remedy: [
    'all pairs between two hosts: see CTL-04 and CTL-07',
    'one pair only: see VXL-06; restart the task that cannot be reached',
    'only TCP and UDP: ethtool -K INTERFACE tx-checksum-ip-generic off on the hosts',
  ],
  async run(context) {
    const { cluster, evidence, stack } = context
    const { exchanged, leftOut } = await exchange(context)
    const judged = exchanged.map((one) => ({ ...one, problem: deliveryProblem(one) }))
    const byPair = groupBy(
      judged.filter(({ problem }) => problem !== undefined),
      ({ network, from, to }) => `${stack.networks[network].name}: ${taskLabel(from)} → ${taskLabel(to)}`,
    )
    evidence.observe(
      'probes by network and protocol',
      Object.fromEntries(
        [...groupBy(judged, ({ network, protocol }) => `${stack.networks[network].name} ${protocol}`)].map(
          ([key, probes]) => [
            key,
            {
              sent: probes.length,
              delivered: probes.filter(({ problem }) => problem === undefined).length,
              acrossHosts: probes.filter(({ from, to }) => from.node !== to.node).length,
              slowestMs: Math.round(Math.max(...probes.map(({ observation }) => observation.elapsedMs))),
            },
          ],
        ),
      ),
    )
    requireNone(
      'every task reaches every other of its network',
      [...byPair].map(([pair, probes]) => `${pair}: ${probes.map(({ problem }) => problem).join(', ')}`),
    )
    for (const role of ['clear', 'secret'] as const) {
      requireTaskOnEveryNode(cluster.nodes, tasksOn(stack, role), stack.networks[role].name)
    }
    const pairs = new Set(judged.map(({ network, from, to }) => `${network} ${from.id} ${to.id}`)).size
    const networks = [...new Set(judged.map(({ network }) => stack.networks[network].name))].join(' and ')
    evidence.conclude(
      `${pairs} ordered pairs of tasks on ${networks} reach each other by ICMP, TCP and UDP; ${judged.length} of ${judged.length} probes delivered${exceptFor(leftOut)}`,
    )
  },
})
