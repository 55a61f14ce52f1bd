import type { Recording } from '../../lib/capture/capture.ts'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import type { EspLayer, Ipv4Layer, Ipv6Layer, Packet, UdpLayer, VxlanLayer } from '../../lib/packet/packet.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'

/** A VXLAN packet as a node's underlay interface saw it. */
export interface VxlanFrame {
  readonly packet: Packet
  readonly seenOn: string
  /** It left the node that recorded it. Decrypted packets pass the receiving tap again, never as egress. */
  readonly egress: boolean
  readonly outer: Ipv4Layer | Ipv6Layer
  readonly udp: UdpLayer
  readonly vxlan: VxlanLayer
  /** Undefined for inner frames without IP, such as ARP. */
  readonly inner?: Ipv4Layer | Ipv6Layer
}

export interface EspFrame {
  readonly packet: Packet
  readonly seenOn: string
  readonly egress: boolean
  readonly outer: Ipv4Layer | Ipv6Layer
  readonly esp: EspLayer
}

/** The VXLAN packets of all recordings. @throws when one of the captures was blind */
export function vxlanFrames(recordings: Iterable<Recording>, nodes: readonly ClusterNode[]): VxlanFrame[] {
  return everyPacket(recordings, nodes).flatMap(({ packet, node }) => {
    const { layers } = packet
    const vxlan = layers.find((layer) => layer.protocol === 'vxlan')
    const outer = layers.find(isIp)
    const udp = layers.find((layer) => layer.protocol === 'udp')
    if (vxlan === undefined || outer === undefined || udp === undefined) return []
    const inner = layers.slice(layers.indexOf(vxlan) + 1).find(isIp)
    const egress = outer.source === node.dataPath.address
    return [
      {
        packet,
        seenOn: node.host.name,
        egress,
        outer,
        udp,
        vxlan,
        ...(inner === undefined ? {} : { inner }),
      },
    ]
  })
}

/** The ESP packets of all recordings. @throws when one of the captures was blind */
export function espFrames(recordings: Iterable<Recording>, nodes: readonly ClusterNode[]): EspFrame[] {
  return everyPacket(recordings, nodes).flatMap(({ packet, node }) => {
    const esp = packet.layers.find((layer) => layer.protocol === 'esp')
    const outer = packet.layers.find(isIp)
    if (esp === undefined || outer === undefined) return []
    return [{ packet, seenOn: node.host.name, egress: outer.source === node.dataPath.address, outer, esp }]
  })
}

/** Every packet of sound recordings with the node that recorded it. */
export function everyPacket(
  recordings: Iterable<Recording>,
  nodes: readonly ClusterNode[],
): { readonly packet: Packet; readonly node: ClusterNode }[] {
  return [...recordings].flatMap((recording) => {
    const node = nodes.find((candidate) => candidate.host === recording.point.host)
    if (node === undefined) return []
    return soundPackets(recording).map((packet) => ({ packet, node }))
  })
}

function isIp(layer: Packet['layers'][number]): layer is Ipv4Layer | Ipv6Layer {
  return layer.protocol === 'ipv4' || layer.protocol === 'ipv6'
}
