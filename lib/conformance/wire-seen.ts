import { createHash } from 'node:crypto'
import { sep } from 'node:path'
import type { Recording } from '../capture/capture.ts'
import type { Frame, InnerSeen, IpSeen, WireSeen } from '../observation/frame.ts'
import type { Part } from '../observation/part.ts'
import { checksumsOf } from '../packet/checksum.ts'
import type { IcmpLayer, Ipv4Layer, Ipv6Layer, Layer, Packet, TcpLayer, UdpLayer } from '../packet/packet.ts'
import { containsBytes, innerLayers, isFragment, outerLayers, payloadOf } from '../packet/query.ts'

export interface ReduceOptions {
  /** Of the interface that recorded, for what left the host is told by it. */
  readonly mac: string | undefined
  /** Words that were sent, by name. */
  readonly words: Readonly<Record<string, string>>
}

/** A recording reduced to what judgements look at; `blind` where it may have missed packets. */
export function wireSeen(recording: Recording, options: ReduceOptions): Part<WireSeen> {
  if (recording.blind !== undefined) return { blind: recording.blind }
  if (options.mac === undefined)
    return { threw: `the address of the network card ${recording.point.interface} is not known` }
  const { point, packets, startedAt, endedAt, passedOver, droppedByKernel, droppedByInterface, file } =
    recording
  return {
    got: {
      ...{ node: point.host.name, interface: point.interface, file: belowRun(file) },
      ...{ startedAt, endedAt, droppedByKernel, droppedByInterface },
      passedOver: { ...passedOver },
      frames: packets.map((packet) => frameOf(packet, options)),
    },
  }
}

/** The path of a capture below its run's folder, where all are in `captures`. */
function belowRun(file: string): string {
  const parts = file.split(sep)
  return parts.slice(Math.max(0, parts.lastIndexOf('captures'))).join('/')
}

/** One packet as data; its bytes are told by a digest and by the words found in them. */
export function frameOf(packet: Packet, { mac, words }: ReduceOptions): Frame {
  const outer = outerLayers(packet)
  const ether = etherOf(outer)
  const ip = outer.find(isIp)
  const udp = outer.find((layer): layer is UdpLayer => layer.protocol === 'udp')
  const tcp = outer.find((layer): layer is TcpLayer => layer.protocol === 'tcp')
  const vxlan = outer.find((layer) => layer.protocol === 'vxlan')
  const esp = outer.find((layer) => layer.protocol === 'esp')
  const inner = innerLayers(packet)
  const egress = ether !== undefined && ether.source === mac
  const checksums = egress ? {} : checksumsOf(packet)
  const from = vxlan?.offset ?? (ip === undefined ? 0 : ip.offset + ip.headerBytes)
  return {
    index: packet.number,
    at: packet.timestamp.seconds + Math.round(packet.timestamp.nanoseconds / 1000) / 1_000_000,
    egress,
    ...(ether === undefined ? {} : { ether }),
    ...(ip === undefined ? {} : { outer: ipSeen(ip) }),
    ...(udp === undefined ? {} : { udp: { from: udp.sourcePort, to: udp.destinationPort } }),
    ...(tcp === undefined ? {} : { tcp: tcpSeen(tcp) }),
    ...(vxlan === undefined ? {} : { vxlan: { vni: vxlan.vni, valid: vxlan.vniValid } }),
    ...(esp === undefined ? {} : { esp: { spi: esp.spi, sequence: esp.sequence } }),
    ...(vxlan === undefined ? {} : { inner: innerSeen(inner) }),
    digest: digestOf(packet.bytes.subarray(from)),
    ...innermostDigest(packet, vxlan === undefined ? packet.layers : inner),
    ...(Object.keys(checksums).length === 0 ? {} : { checksums }),
    matched: Object.entries(words)
      .filter(([, word]) => containsBytes(packet, Buffer.from(word)))
      .map(([name]) => name),
    wireBytes: packet.originalBytes,
  }
}

function digestOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
}

/**
 * What makes the innermost Ethernet frame the same on both sides of encapsulation. Checksums are left out: on a veth the
 * kernel may not have filled them in yet.
 */
function innermostDigest(packet: Packet, layers: readonly Layer[]): Pick<Frame, 'innermost'> {
  const ethernet = etherOf(layers)
  const ip = layers.find((layer): layer is Ipv4Layer => layer.protocol === 'ipv4')
  const udp = layers.find((layer): layer is UdpLayer => layer.protocol === 'udp')
  if (ethernet === undefined || ip === undefined || udp === undefined) return {}
  const key = [
    `${ethernet.source} → ${ethernet.destination}`,
    `${ip.source}:${udp.sourcePort} → ${ip.destination}:${udp.destinationPort}`,
    `id ${ip.identification}, ttl ${ip.ttl}, ${ip.totalBytes} bytes`,
    Buffer.from(payloadOf(packet, udp)).toString('latin1'),
  ]
  return { innermost: digestOf(key.join('; ')) }
}

function innerSeen(layers: readonly Layer[]): InnerSeen {
  const ether = etherOf(layers)
  const ip = layers.find(isIp)
  const udp = layers.find((layer): layer is UdpLayer => layer.protocol === 'udp')
  const tcp = layers.find((layer): layer is TcpLayer => layer.protocol === 'tcp')
  const icmp = layers.find(
    (layer): layer is IcmpLayer => layer.protocol === 'icmp' || layer.protocol === 'icmpv6',
  )
  return {
    ...(ether === undefined ? {} : { ether }),
    ...(ip === undefined ? {} : { ip: ipSeen(ip) }),
    ...(layers.some(({ protocol }) => protocol === 'arp') ? { arp: true as const } : {}),
    ...(udp === undefined ? {} : { udp: { from: udp.sourcePort, to: udp.destinationPort } }),
    ...(tcp === undefined ? {} : { tcp: tcpSeen(tcp) }),
    ...(icmp === undefined
      ? {}
      : {
          icmp: {
            type: icmp.type,
            code: icmp.code,
            ...(icmp.sequence === undefined ? {} : { sequence: icmp.sequence }),
          },
        }),
  }
}

function etherOf(layers: readonly Layer[]): { source: string; destination: string } | undefined {
  const ether = layers.find((layer) => layer.protocol === 'ethernet')
  return ether === undefined ? undefined : { source: ether.source, destination: ether.destination }
}

function tcpSeen({ sourcePort, destinationPort, flags, payloadBytes }: TcpLayer): NonNullable<Frame['tcp']> {
  const set = (['syn', 'ack', 'fin', 'rst', 'psh', 'urg'] as const).filter((flag) => flags[flag])
  return { from: sourcePort, to: destinationPort, flags: set.join(' '), bytes: payloadBytes }
}

function ipSeen(ip: Ipv4Layer | Ipv6Layer): IpSeen {
  const { source, destination, totalBytes: bytes } = ip
  const common = { source, destination, bytes, ttl: ip.protocol === 'ipv4' ? ip.ttl : ip.hopLimit }
  if (ip.protocol === 'ipv4')
    return {
      ...common,
      ...(ip.dontFragment ? { dontFragment: true as const } : {}),
      ...(isFragment(ip)
        ? {
            fragment: {
              ...{ offset: ip.fragmentOffset, more: ip.moreFragments, id: ip.identification },
              protocol: ip.payloadProtocol,
            },
          }
        : {}),
    }
  const { fragment } = ip
  return fragment === undefined
    ? common
    : {
        ...common,
        fragment: {
          ...{ offset: fragment.offset, more: fragment.moreFragments, id: fragment.identification },
          protocol: ip.payloadProtocol,
        },
      }
}

function isIp(layer: Layer): layer is Ipv4Layer | Ipv6Layer {
  return layer.protocol === 'ipv4' || layer.protocol === 'ipv6'
}
