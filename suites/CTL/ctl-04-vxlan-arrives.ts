import { requirement } from '../../lib/conformance/test.ts'
import { seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { docs, internals } from '../source.ts'
import { arrivals, holders, lossProblems } from './arrival.ts'

export const vxlanArrives = requirement({
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
  codes: ['data-never-left', 'data-lost-on-the-way'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires } }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const nodes = holders(facts, 'clear').filter(({ name }) => got.has(name))
    const found = arrivals(
      facts,
      nodes,
      seenFrames(got.values()).filter(({ vxlan }) => vxlan?.vni === clear.vni),
    )
    const arrived = found.reduce((sum, pair) => sum + pair.arrived, 0)
    return judgement({
      problems: lossProblems(found, 'VXLAN', clear.name),
      missing,
      unseen: [...unseen, ...unseenFrom(facts, 'clear')],
      tables: {
        [`VXLAN frames to UDP port ${facts.dataPathPort} by ordered pair`]: found.map(
          ({ example: _, ...pair }) => pair,
        ),
      },
      packets: { 'one frame of each pair, leaving and arriving': found.flatMap(({ example }) => example) },
      conclusion: `${arrived} frames of ${found.length} ordered pairs of nodes were seen leaving one and arriving at the other on UDP port ${facts.dataPathPort}`,
    })
  },
})
