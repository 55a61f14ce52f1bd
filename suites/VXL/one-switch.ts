import type { EthernetLayer } from '../../lib/packet/packet.ts'
import { innerLayers } from '../../lib/packet/query.ts'
import type { VxlanFrame } from '../scene/frames.ts'

/** A task as its network knows it. */
export interface Station {
  readonly label: string
  readonly address: string
  readonly mac: string
}

/** What a sender sets out with: Linux 64, others 128 or 255. A router on the way leaves one less. */
const initialTtls: readonly number[] = [64, 128, 255]

/** Whether a frame is an echo, or its reply, between two of these tasks; others balancers may have translated. */
export function isEchoBetween(frame: VxlanFrame, stations: ReadonlyMap<string, Station>): boolean {
  const { inner, packet } = frame
  if (inner === undefined || !stations.has(inner.source) || !stations.has(inner.destination)) return false
  return innerLayers(packet).some(({ protocol }) => protocol === 'icmp')
}

/**
 * What is not as on one switch, in words: the frame must go from the sender’s own MAC to the target’s own, and no
 * router may have taken a hop off its TTL.
 */
export function switchProblems(frame: VxlanFrame, stations: ReadonlyMap<string, Station>): string[] {
  const { inner, packet, seenOn } = frame
  const ethernet = innerLayers(packet).find((layer): layer is EthernetLayer => layer.protocol === 'ethernet')
  if (inner?.protocol !== 'ipv4' || ethernet === undefined) return []
  const [from, to] = [stations.get(inner.source), stations.get(inner.destination)]
  if (from === undefined || to === undefined) return []
  const where = `seen on ${seenOn}: ${from.label} → ${to.label}`
  return [
    ...(ethernet.source === from.mac
      ? []
      : [`${where}: inner source MAC ${ethernet.source}, expected its own ${from.mac}`]),
    ...(ethernet.destination === to.mac
      ? []
      : [`${where}: inner destination MAC ${ethernet.destination}, expected its own ${to.mac}`]),
    ...(initialTtls.includes(inner.ttl)
      ? []
      : [`${where}: inner TTL ${inner.ttl}, expected ${initialTtls.join(', ')}: as it was sent`]),
  ]
}
