import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, type NodeFacts } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames, type WireSeen } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { underlayTraffic } from '../scene/recordings/underlay-traffic.ts'
import { docs } from '../source.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'
import { gossipPort, managementPort } from '../../lib/topology/swarm-defaults.ts'

type Kind = 'management' | 'gossip' | 'VXLAN' | 'ESP'

interface Seen {
  readonly kind: Kind
  readonly node: NodeFacts
  readonly interface: string
  readonly frame: SeenFrame
}

const controlKinds: readonly Kind[] = ['management', 'gossip']

export const separateUnderlays = requirement({
  id: 'CTL-09',
  requirement:
    'With separate advertise and data-path addresses, control traffic stays on the one interface and VXLAN/ESP on the other.',
  source: [docs('Use a separate interface for control and data traffic')],
  safety: 'lab',
  needs: ['two-nodes', 'separate-data-path'],
  knownIssues: [encryptionForAdvertiseAddress],
  method:
    'Both underlay interfaces of every node are recorded side by side while the control plane beats and tasks of the clear and of the encrypted network send to the other hosts. Ports 2377 and 7946 may be on the advertise interface only, VXLAN and ESP on the data-path interface only. Control: the same matchers must find gossip of every ordered pair of nodes on the one, VXLAN and ESP of every ordered pair on the other.',
  usualCauses: [
    'docker swarm join without --data-path-addr: each node needs it, not the first only',
    'a route leads to the other nodes’ addresses by the other interface',
    'both interfaces are in one subnet or one layer 2 segment',
  ],
  remedy: [
    'ip route get OTHER-ADDRESS on the node named: does it leave by the interface it should?',
    'let the node leave and join again with --advertise-addr and --data-path-addr',
  ],
  codes: ['traffic-on-other-interface', 'not-encapsulated', 'no-esp-left'],
  changes: [],
  quiet: [],
  reads: [underlayTraffic],
  observe: async (lab) => ({ traffic: await lab.scene(underlayTraffic) }),
  judge({ traffic: { wires } }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const seen = [...got.values()].flatMap((wire) => classified(wire, facts))
    const astray = seen.filter(({ kind, node, interface: name }) => name !== interfaceFor(kind, node))
    const silent = missingPairs(seen, 'gossip', facts)
    const count = (kinds: readonly Kind[]): number => seen.filter(({ kind }) => kinds.includes(kind)).length
    const lost = (kind: 'VXLAN' | 'ESP'): Problem[] =>
      missingPairs(seen, kind, facts).map(([from, to]) => ({
        ...{ code: kind === 'ESP' ? 'no-esp-left' : 'not-encapsulated', kind: 'missed' },
        ...{ node: from.name, path: { from: from.name, to: to.name }, subject: from.dataPath.interface },
      }))
    return judgement({
      problems: [
        ...distinct(
          astray.map(({ kind, node, interface: name, frame: { outer } }): Problem => ({
            ...{ code: 'traffic-on-other-interface', kind: 'seen', node: node.name, protocol: kind },
            address: `from ${outer?.source} to ${outer?.destination}`,
            ...{ observed: name, expected: interfaceFor(kind, node) },
          })),
        ),
        ...lost('VXLAN'),
        ...lost('ESP'),
      ],
      controls: [
        {
          name: 'gossip of every pair recorded',
          held: silent.length === 0,
          observed: `${silent.length} pairs without`,
        },
        {
          name: 'management traffic recorded',
          held: count(['management']) > 0,
          observed: count(['management']),
        },
      ],
      missing,
      unseen,
      tables: {
        'packets by node, interface and kind': Object.fromEntries(
          [...groupBy(seen, ({ node, interface: name, kind }) => `${node.name} ${name}: ${kind}`)].map(
            ([key, group]) => [key, group.length],
          ),
        ),
      },
      packets: {
        'on the wrong interface': astray.slice(0, 40).map(({ frame }) => refOf(frame)),
        'one packet of each kind': (['management', 'gossip', 'VXLAN', 'ESP'] as const).flatMap((wanted) => {
          const first = seen.find(({ kind }) => kind === wanted)
          return first === undefined ? [] : [refOf(first.frame)]
        }),
      },
      conclusion:
        seen.length === 0
          ? ''
          : `${count(controlKinds)} packets of ports ${managementPort} and ${gossipPort} were on advertise interfaces only, ${count(['VXLAN'])} of VXLAN and ${count(['ESP'])} of ESP on data-path interfaces only, on ${facts.nodes.length} nodes`,
    })
  },
})

function interfaceFor(kind: Kind, node: NodeFacts): string {
  return controlKinds.includes(kind) ? node.advertise.interface : node.dataPath.interface
}

function classified(wire: WireSeen, { nodes, dataPathPort }: ClusterFacts): Seen[] {
  const node = nodes.find(({ name }) => name === wire.node)
  if (node === undefined) return []
  return seenFrames([wire]).flatMap((frame) => {
    const kind = kindOf(frame, dataPathPort)
    return kind === undefined ? [] : [{ kind, node, interface: wire.interface, frame }]
  })
}

function kindOf({ esp, udp, tcp }: SeenFrame, dataPathPort: number): Kind | undefined {
  if (esp !== undefined) return 'ESP'
  if (udp?.to === dataPathPort) return 'VXLAN'
  if (tcp !== undefined && [tcp.from, tcp.to].includes(managementPort)) return 'management'
  const ports = udp ?? tcp
  return ports !== undefined && [ports.from, ports.to].includes(gossipPort) ? 'gossip' : undefined
}

function missingPairs(
  seen: readonly Seen[],
  kind: Kind,
  facts: ClusterFacts,
): (readonly [NodeFacts, NodeFacts])[] {
  const address = (node: NodeFacts): string =>
    controlKinds.includes(kind) ? node.advertise.address : node.dataPath.address
  return nodePairs(facts, facts.nodes, ({ name }) => name).filter(
    ([a, b]) =>
      !seen.some(
        ({ kind: is, node, interface: name, frame }) =>
          is === kind &&
          node === a &&
          name === interfaceFor(kind, a) &&
          frame.egress &&
          frame.outer?.destination === address(b),
      ),
  )
}
