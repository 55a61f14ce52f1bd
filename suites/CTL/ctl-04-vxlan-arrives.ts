import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { exchange } from '../scene/exchange.ts'
import { vxlanFrames } from '../scene/frames.ts'
import { requireTaskOnEveryNode } from '../scene/pair.ts'
import { docs, internals } from '../source.ts'
import { arrivals, lossesOf } from './arrival.ts'

export const vxlanArrives = conformanceTest({
  id: 'CTL-04',
  requirement:
    'The data-path UDP port carries VXLAN for every ordered pair of nodes: the frame leaves A and arrives at B.',
  source: [docs('Firewall considerations'), internals('vxlan')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes'],
  method:
    'Tasks of the clear network exchange data while the data-path interface of every node is recorded. For every ordered pair of nodes a VXLAN frame must be seen leaving the first and the same frame, told by its outer header and inner bytes, arriving at the second.',
  usualCauses: [
    'a firewall or security group between the nodes blocks the data-path port (4789/udp by default)',
    'the virtualisation below uses the port itself and swallows it (NSX and 4789)',
    'a local firewall drops what leaves',
  ],
  remedy: [
    'leaves but does not arrive: open the port in what lies between, or give the swarm another one: docker swarm init --data-path-port',
    'never leaves: iptables -nvL OUTPUT on the sender, docker network inspect for its peers',
    'on both nodes: tcpdump -ni INTERFACE udp port 4789',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { recordings } = await exchange(context)
    const frames = vxlanFrames(recordings.values(), cluster.nodes)
    const tasks = tasksOn(stack, 'clear')
    const holders = new Set(tasks.map((task) => task.node))
    const found = arrivals(
      cluster.nodes.filter((node) => holders.has(node)),
      frames
        .filter(({ vxlan }) => vxlan.vni === stack.networks.clear.vni)
        .map(({ packet, seenOn, outer, udp, vxlan }) => ({
          packet,
          seenOn,
          source: outer.source,
          destination: outer.destination,
          identity: `${udp.sourcePort} ${Buffer.from(packet.bytes.subarray(vxlan.offset)).toString('latin1')}`,
        })),
    )
    evidence.observe(
      `VXLAN frames to UDP port ${cluster.dataPathPort} by ordered pair`,
      found.map(({ from, to, left, arrived }) => ({
        from: from.host.name,
        to: to.host.name,
        left,
        arrived,
      })),
    )
    evidence.packets(
      'one frame of each pair, leaving and arriving',
      found.flatMap(({ example }) => example),
    )
    requireNone(
      `VXLAN on UDP port ${cluster.dataPathPort} passes between every ordered pair of nodes`,
      lossesOf(found, 'frame'),
    )
    requireTaskOnEveryNode(cluster.nodes, tasks, stack.networks.clear.name)
    const arrived = found.reduce((sum, pair) => sum + pair.arrived, 0)
    evidence.conclude(
      `${arrived} frames of ${found.length} ordered pairs of nodes were seen leaving one and arriving at the other on UDP port ${cluster.dataPathPort}`,
    )
  },
})
