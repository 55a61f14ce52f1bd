import type { Ipv4Layer, Packet } from '../../lib/packet/packet.ts'
import { isFragment, outerIp, outerLayers } from '../../lib/packet/query.ts'

const udp = 17
const esp = 50

/**
 * Outer fragments of overlay traffic that left a node: of ESP, or of UDP to the data-path port. A fragment behind
 * the first has no port; it counts unless the first of its datagram shows another one.
 */
export function overlayFragments(
  packets: readonly Packet[],
  from: string,
  peers: readonly string[],
  dataPathPort: number,
): Packet[] {
  const fragments = packets.flatMap((packet) => {
    const ip = outerIp(packet)
    if (ip?.protocol !== 'ipv4' || !isFragment(ip)) return []
    if (ip.source !== from || !peers.includes(ip.destination)) return []
    return ip.payloadProtocol === udp || ip.payloadProtocol === esp ? [{ packet, ip }] : []
  })
  const foreign = new Set(
    fragments
      .filter(({ packet, ip }) => ip.fragmentOffset === 0 && !isToPort(packet, ip, dataPathPort))
      .map(({ ip }) => datagram(ip)),
  )
  return fragments.filter(({ ip }) => !foreign.has(datagram(ip))).map(({ packet }) => packet)
}

function isToPort(packet: Packet, ip: Ipv4Layer, port: number): boolean {
  if (ip.payloadProtocol === esp) return true
  return outerLayers(packet).some((layer) => layer.protocol === 'udp' && layer.destinationPort === port)
}

function datagram(ip: Ipv4Layer): string {
  return `${ip.source} ${ip.destination} ${ip.payloadProtocol} ${ip.identification}`
}
