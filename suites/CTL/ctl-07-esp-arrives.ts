import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { exchange } from '../scene/exchange.ts'
import { espFrames } from '../scene/frames.ts'
import { requireTaskOnEveryNode } from '../scene/pair.ts'
import { docs, internals } from '../source.ts'
import { arrivals, lossesOf } from './arrival.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'

export const espArrives = conformanceTest({
  id: 'CTL-07',
  requirement: 'IP protocol 50 passes between every pair of nodes when an encrypted network spans them.',
  source: [docs('Configure encryption of application data'), internals('Encryption')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  knownIssues: [encryptionForAdvertiseAddress],
  method:
    'Tasks of the encrypted network exchange data while the data-path interface of every node is recorded. For every ordered pair of nodes an ESP packet must be seen leaving the first and the same one, told by SPI and sequence number, arriving at the second.',
  usualCauses: [
    'a firewall or security group lets UDP through but not IP protocol 50 (ESP)',
    'NAT between the nodes: ESP without UDP encapsulation does not pass it',
    'no security association on the sender, so nothing leaves as ESP',
  ],
  remedy: [
    'leaves but does not arrive: allow IP protocol 50 between all nodes',
    'never leaves: ip xfrm policy and ip -s xfrm state count on the sender (never paste the keys)',
    'on both nodes: tcpdump -ni INTERFACE esp',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { recordings } = await exchange(context)
    const tasks = tasksOn(stack, 'secret')
    const holders = new Set(tasks.map((task) => task.node))
    const found = arrivals(
      cluster.nodes.filter((node) => holders.has(node)),
      espFrames(recordings.values(), cluster.nodes).map(({ packet, seenOn, outer, esp }) => ({
        packet,
        seenOn,
        source: outer.source,
        destination: outer.destination,
        identity: `${esp.spi} ${esp.sequence}`,
      })),
    )
    evidence.observe(
      'ESP packets by ordered pair',
      found.map(({ from, to, left, arrived }) => ({
        from: from.host.name,
        to: to.host.name,
        left,
        arrived,
      })),
    )
    evidence.packets(
      'one packet of each pair, leaving and arriving',
      found.flatMap(({ example }) => example),
    )
    requireNone('IP protocol 50 passes between every ordered pair of nodes', lossesOf(found, 'ESP packet'))
    requireTaskOnEveryNode(cluster.nodes, tasks, stack.networks.secret.name)
    const arrived = found.reduce((sum, pair) => sum + pair.arrived, 0)
    evidence.conclude(
      `${arrived} ESP packets of ${found.length} ordered pairs of nodes were seen leaving one and arriving at the other`,
    )
  },
})
