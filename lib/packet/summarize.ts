import { isFragment } from './query.ts'
import { ipProtocolName } from './ip-protocol.ts'
import { summaryOf } from './layer-table.ts'
import type { IcmpLayer, Ipv4Layer, Ipv6Layer, Layer, Packet, TcpLayer } from './packet.ts'

/**
 * One line such as `192.168.56.11 → 192.168.56.12 VXLAN vni 4097 [10.91.1.5 → 10.91.1.6 ICMP echo request]`.
 */
export function summarize(packet: Pick<Packet, 'layers' | 'malformed' | 'snapped'>): string {
  const trouble = packet.malformed
    ? ` (malformed ${packet.malformed.layer}: ${packet.malformed.reason})`
    : packet.snapped
      ? ` (cut by the capture in ${packet.snapped})`
      : ''
  return `${describe(packet.layers)}${trouble}`
}

function describe(layers: readonly Layer[]): string {
  const at = layers.findIndex((layer) => layer.protocol === 'vxlan')
  const vxlan = layers[at]
  if (vxlan?.protocol !== 'vxlan') return frame(layers)
  const outer = layers.slice(0, at).find((layer) => layer.protocol === 'ipv4' || layer.protocol === 'ipv6')
  const udp = layers[at - 1]
  const port = udp?.protocol === 'udp' && udp.destinationPort !== 4789 ? ` port ${udp.destinationPort}` : ''
  const ends = outer === undefined ? '' : `${outer.source} → ${outer.destination} `
  const part = outer !== undefined && isFragment(outer) ? `${fragment(outer)}, ` : ''
  const inner = layers.slice(at + 1)
  return `${ends}${part}VXLAN vni ${vxlan.vni}${port} [${inner.length > 0 ? describe(inner) : '…'}]`
}

function frame(layers: readonly Layer[]): string {
  const tags = layers.filter((layer) => layer.protocol === 'vlan').map((tag) => `vlan ${tag.id} `)
  const arp = layers.find((layer) => layer.protocol === 'arp')
  if (arp !== undefined) {
    if (arp.operation === 'request') {
      return `${tags.join('')}ARP who has ${arp.targetAddress}, asks ${arp.senderAddress}`
    }
    if (arp.operation === 'reply') return `${tags.join('')}ARP ${arp.senderAddress} is at ${arp.senderMac}`
    return `${tags.join('')}ARP operation ${arp.operation} from ${arp.senderAddress}`
  }
  const ip = layers.find((layer) => layer.protocol === 'ipv4' || layer.protocol === 'ipv6')
  if (ip !== undefined) return `${tags.join('')}${datagram(ip, layers)}`
  const last = layers.at(-1)
  const own = last === undefined ? undefined : summaryOf(last)
  if (own !== undefined) return `${tags.join('')}${own}`
  const link = layers.find((layer) => layer.protocol === 'ethernet')
  if (link === undefined) return layers.at(-1)?.protocol ?? 'nothing decoded'
  const carried = layers.at(-1)
  const etherType = carried !== undefined && 'etherType' in carried ? carried.etherType : link.etherType
  return `${tags.join('')}${link.source} → ${link.destination} ethertype 0x${etherType.toString(16).padStart(4, '0')}`
}

function datagram(ip: Ipv4Layer | Ipv6Layer, layers: readonly Layer[]): string {
  const upper = layers[layers.indexOf(ip) + 1]
  const part = isFragment(ip) ? ` ${fragment(ip)}` : ''
  const ends = (from = '', to = ''): string => `${ip.source}${from} → ${ip.destination}${to}${part}`
  if (upper?.protocol === 'tcp') {
    return `${ends(`:${upper.sourcePort}`, `:${upper.destinationPort}`)} TCP ${tcpDetail(upper, layers)}`
  }
  if (upper?.protocol === 'udp') {
    return `${ends(`:${upper.sourcePort}`, `:${upper.destinationPort}`)} UDP ${upper.payloadBytes} bytes`
  }
  if (upper?.protocol === 'icmp') return `${ends()} ICMP ${icmpDetail(upper)}`
  if (upper?.protocol === 'icmpv6') return `${ends()} ICMPv6 ${icmpDetail(upper)}`
  if (upper?.protocol === 'esp') return `${ends()} ESP spi ${upper.spi} seq ${upper.sequence}`
  const own = upper === undefined ? undefined : summaryOf(upper)
  if (own !== undefined) return `${ends()} ${own}`
  const name = ipProtocolName(ip.payloadProtocol)
  return `${ends()} ${typeof name === 'string' ? name.toUpperCase() : `IP protocol ${name}`}`
}

function fragment(ip: Ipv4Layer | Ipv6Layer): string {
  const offset = ip.protocol === 'ipv4' ? ip.fragmentOffset : (ip.fragment?.offset ?? 0)
  const id = ip.protocol === 'ipv4' ? ip.identification : (ip.fragment?.identification ?? 0)
  const more = ip.protocol === 'ipv4' ? ip.moreFragments : ip.fragment?.moreFragments
  return `fragment ${id} at ${offset}${more === true ? '+' : ''}`
}

function tcpDetail(tcp: TcpLayer, layers: readonly Layer[]): string {
  const flags = (['syn', 'fin', 'rst', 'psh', 'ack', 'urg'] as const).filter((flag) => tcp.flags[flag])
  const tls = layers.find((layer) => layer.protocol === 'tls')
  const payload = tls ? ` TLS ${tlsName(tls.contentType)}` : ''
  return `${flags.join(',') || 'no flags'} ${tcp.payloadBytes} bytes${payload}`
}

const tlsNames = ['change cipher spec', 'alert', 'handshake', 'application data', 'heartbeat']
const tlsName = (contentType: number): string => tlsNames[contentType - 20] ?? String(contentType)

function icmpDetail(icmp: IcmpLayer): string {
  const name = icmp.protocol === 'icmp' ? icmpNames[icmp.type] : icmpv6Names[icmp.type]
  const sequence = icmp.sequence === undefined ? '' : ` seq ${icmp.sequence}`
  const mtu = icmp.mtuBytes === undefined ? '' : `, MTU ${icmp.mtuBytes}`
  if (icmp.protocol === 'icmp' && icmp.type === 3 && icmp.code === 4) return `fragmentation needed${mtu}`
  return `${name ?? `type ${icmp.type} code ${icmp.code}`}${sequence}${mtu}`
}

const icmpNames: Readonly<Record<number, string>> = {
  0: 'echo reply',
  3: 'destination unreachable',
  5: 'redirect',
  8: 'echo request',
  11: 'time exceeded',
  12: 'parameter problem',
}
const icmpv6Names: Readonly<Record<number, string>> = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded',
  4: 'parameter problem',
  128: 'echo request',
  129: 'echo reply',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbour solicitation',
  136: 'neighbour advertisement',
  143: 'multicast listener report',
}
