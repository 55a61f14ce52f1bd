import { requireNone } from '../../lib/conformance/require-none.ts'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerEsp, outerIp, outerLayers } from '../../lib/packet/query.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { gossipPort, managementPort } from '../scene/control-traffic.ts'
import { orderedPairs } from '../scene/pair.ts'
import { underlayTraffic } from '../scene/underlay-traffic.ts'
import { docs } from '../source.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'

type Kind = 'management' | 'gossip' | 'VXLAN' | 'ESP'

interface Seen {
  readonly kind: Kind
  readonly node: ClusterNode
  readonly interface: string
  readonly source: string
  readonly destination: string
  readonly packet: Packet
}

const controlKinds: readonly Kind[] = ['management', 'gossip']

export const separateUnderlays = conformanceTest({
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
  async run(context) {
    const { cluster, evidence } = context
    const { recordings } = await underlayTraffic(context)
    const seen = recordings.flatMap(({ node, interface: name, recording }) =>
      soundPackets(recording).flatMap((packet) => classify(packet, node, name, cluster.dataPathPort)),
    )
    evidence.observe('packets by node, interface and kind', table(seen))
    const astray = seen.filter(({ kind, node, interface: name }) => name !== interfaceFor(kind, node))
    if (astray.length > 0)
      evidence.packets(
        'on the wrong interface',
        astray.slice(0, 40).map(({ packet }) => packet),
      )
    requireNone('control and application traffic keep to their interfaces', [
      ...new Set(
        astray.map(
          ({ kind, node, interface: name, source, destination }) =>
            `${kind} from ${source} to ${destination} was on ${name} of ${node.host.name}, expected on ${interfaceFor(kind, node)} only`,
        ),
      ),
      ...(['VXLAN', 'ESP'] as const).flatMap((kind) =>
        missingPairs(seen, kind, cluster.nodes).map(
          ([a, b]) => `no ${kind} left ${a.host.name} for ${b.host.name} on ${a.dataPath.interface}`,
        ),
      ),
    ])
    const silent = missingPairs(seen, 'gossip', cluster.nodes)
    if (silent.length > 0 || !seen.some(({ kind }) => kind === 'management')) {
      throw new Error(
        `the recording holds no gossip of ${silent.map(([a, b]) => `${a.host.name} → ${b.host.name}`).join(', ') || 'nobody'}, or no management traffic at all, so "none astray" proves nothing: see CTL-01, CTL-03`,
      )
    }
    evidence.packets('one packet of each kind', examples(seen))
    const count = (kinds: readonly Kind[]): number => seen.filter(({ kind }) => kinds.includes(kind)).length
    evidence.conclude(
      `${count(controlKinds)} packets of ports ${managementPort} and ${gossipPort} were on advertise interfaces only, ${count(['VXLAN'])} of VXLAN and ${count(['ESP'])} of ESP on data-path interfaces only, on ${cluster.nodes.length} nodes`,
    )
  },
})

function interfaceFor(kind: Kind, node: ClusterNode): string {
  return controlKinds.includes(kind) ? node.advertise.interface : node.dataPath.interface
}

function classify(packet: Packet, node: ClusterNode, name: string, dataPathPort: number): Seen[] {
  const ip = outerIp(packet)
  const kind = kindOf(packet, dataPathPort)
  if (ip === undefined || kind === undefined) return []
  return [{ kind, node, interface: name, source: ip.source, destination: ip.destination, packet }]
}

function kindOf(packet: Packet, dataPathPort: number): Kind | undefined {
  if (outerEsp(packet) !== undefined) return 'ESP'
  const outer = { layers: outerLayers(packet) }
  const transport = layerOf(outer, 'udp') ?? layerOf(outer, 'tcp')
  if (transport === undefined) return undefined
  const ports = [transport.sourcePort, transport.destinationPort]
  if (transport.protocol === 'udp' && transport.destinationPort === dataPathPort) return 'VXLAN'
  if (transport.protocol === 'tcp' && ports.includes(managementPort)) return 'management'
  return ports.includes(gossipPort) ? 'gossip' : undefined
}

function missingPairs(
  seen: readonly Seen[],
  kind: Kind,
  nodes: readonly ClusterNode[],
): (readonly [ClusterNode, ClusterNode])[] {
  const address = (node: ClusterNode): string =>
    controlKinds.includes(kind) ? node.advertise.address : node.dataPath.address
  return orderedPairs(nodes).filter(
    ([a, b]) =>
      !seen.some(
        (one) =>
          one.kind === kind &&
          one.node === a &&
          one.interface === interfaceFor(kind, a) &&
          one.source === address(a) &&
          one.destination === address(b),
      ),
  )
}

function table(seen: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { node, interface: name, kind } of seen) {
    const key = `${node.host.name} ${name}: ${kind}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

function examples(seen: readonly Seen[]): Packet[] {
  return (['management', 'gossip', 'VXLAN', 'ESP'] as const).flatMap(
    (wanted) => seen.find(({ kind }) => kind === wanted)?.packet ?? [],
  )
}
