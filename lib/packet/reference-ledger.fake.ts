import type { EspRow, FlowRow, LedgerReport, VxlanRow } from './ledger-report.ts'
import { ipProtocolName } from './ip-protocol.ts'
import type { Ipv4Layer, Ipv6Layer, Layer, Packet } from './packet.ts'
import { innerLayers, isFragment, outerIp, outerLayers } from './query.ts'
import type { CaptureSummary } from './record.ts'
import { compareTimestamps, timestampText } from './timestamp.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The ledger written down plainly, on decoded packets: slow and obvious. */
export function referenceLedger(packets: readonly Packet[], summary: CaptureSummary): LedgerReport {
  const times = packets.map((packet) => packet.timestamp).sort(compareTimestamps)
  const [first, last] = [times[0], times.at(-1)]
  return {
    file: 'x',
    format: summary.format,
    packets: packets.length,
    bytes: packets.reduce((sum, packet) => sum + packet.originalBytes, 0),
    truncated: summary.truncated ?? false,
    malformed: packets.filter((packet) => packet.malformed !== undefined).length,
    firstTimestamp: first ? timestampText(first) : null,
    lastTimestamp: last ? timestampText(last) : null,
    vxlan: vxlanRows(packets),
    esp: espRows(packets),
    flows: flowRows(packets),
    outerFragments: packets.filter((packet) => {
      const ip = outerIp(packet)
      return ip !== undefined && isFragment(ip)
    }).length,
  }
}

function add<T extends { packets: number; bytes: number }>(
  rows: T[],
  same: (row: T) => boolean,
  empty: T,
  bytes: number,
): T {
  let row = rows.find(same)
  if (row === undefined) rows.push((row = empty))
  row.packets++
  row.bytes += bytes
  return row
}

interface Ends {
  protocol: string | number
  source: string
  destination: string
  sourcePort: number | null
  destinationPort: number | null
}

function ends(layers: readonly Layer[]): Ends | undefined {
  const at = layers.findIndex((layer) => layer.protocol === 'ipv4' || layer.protocol === 'ipv6')
  const ports = { sourcePort: null, destinationPort: null }
  if (at >= 0) {
    const ip = layers[at] as Ipv4Layer | Ipv6Layer
    const next = layers[at + 1]
    const known = next?.protocol === 'udp' || next?.protocol === 'tcp' ? next : ports
    const { sourcePort, destinationPort } = known
    const { source, destination, payloadProtocol } = ip
    return { protocol: ipProtocolName(payloadProtocol), source, destination, sourcePort, destinationPort }
  }
  const arp = layers.find((layer) => layer.protocol === 'arp')
  if (arp !== undefined) {
    return { protocol: 'arp', source: arp.senderAddress, destination: arp.targetAddress, ...ports }
  }
  const ethernet = layers.find((layer) => layer.protocol === 'ethernet')
  const carrier = layers.at(-1)
  if (ethernet === undefined || carrier === undefined || !('etherType' in carrier)) return undefined
  const { etherType } = carrier
  if ([0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x9100].includes(etherType)) return undefined
  const protocol = etherType < 0x600 ? 'llc' : `0x${etherType.toString(16).padStart(4, '0')}`
  return { protocol, source: ethernet.source, destination: ethernet.destination, ...ports }
}

function flowRows(packets: readonly Packet[]): FlowRow[] {
  const rows: Mutable<FlowRow>[] = []
  for (const packet of packets) {
    const found = ends(outerLayers(packet))
    if (found === undefined) continue
    const same = (row: FlowRow): boolean =>
      row.protocol === found.protocol &&
      row.source === found.source &&
      row.destination === found.destination &&
      row.sourcePort === found.sourcePort &&
      row.destinationPort === found.destinationPort
    add(rows, same, { ...found, packets: 0, bytes: 0 }, packet.originalBytes)
  }
  return rows
}

function vxlanRows(packets: readonly Packet[]): VxlanRow[] {
  const rows: (Mutable<Omit<VxlanRow, 'innerFlows'>> & {
    innerFlows: Mutable<VxlanRow['innerFlows'][number]>[]
  })[] = []
  for (const packet of packets) {
    const at = packet.layers.findIndex((layer) => layer.protocol === 'vxlan')
    const [vxlan, udp, ip] = [packet.layers[at], packet.layers[at - 1], outerIp(packet)]
    if (vxlan?.protocol !== 'vxlan' || udp?.protocol !== 'udp' || ip === undefined || !vxlan.vniValid)
      continue
    const { vni } = vxlan
    const [outerSource, outerDestination, port] = [ip.source, ip.destination, udp.destinationPort]
    const row = add(
      rows,
      (other) =>
        other.vni === vni &&
        other.outerSource === outerSource &&
        other.outerDestination === outerDestination &&
        other.port === port,
      {
        vni,
        outerSource,
        outerDestination,
        port,
        packets: 0,
        bytes: 0,
        largestOuterIpBytes: 0,
        innerFlows: [],
      },
      packet.originalBytes,
    )
    row.largestOuterIpBytes = Math.max(row.largestOuterIpBytes, ip.totalBytes)
    const inner = ends(outerLayers({ layers: innerLayers(packet) }))
    if (inner === undefined) continue
    const { source, destination, protocol } = inner
    add(
      row.innerFlows,
      (flow) => flow.source === source && flow.destination === destination && flow.protocol === protocol,
      { source, destination, protocol, packets: 0, bytes: 0 },
      udp.payloadBytes - 8,
    )
  }
  return rows
}

function espRows(packets: readonly Packet[]): EspRow[] {
  const rows: (Mutable<EspRow> & { seen: Set<number> })[] = []
  for (const packet of packets) {
    const esp = outerLayers(packet).find((layer) => layer.protocol === 'esp')
    const ip = outerIp(packet)
    if (esp === undefined || ip === undefined) continue
    const { spi, sequence } = esp
    const { source, destination } = ip
    const row = add(
      rows,
      (other) => other.spi === spi && other.source === source && other.destination === destination,
      {
        spi,
        source,
        destination,
        packets: 0,
        bytes: 0,
        firstSequence: sequence,
        lastSequence: sequence,
        missing: 0,
        duplicates: 0,
        seen: new Set(),
      },
      packet.originalBytes,
    )
    row.firstSequence = Math.min(row.firstSequence, sequence)
    row.lastSequence = Math.max(row.lastSequence, sequence)
    if (row.seen.has(sequence)) row.duplicates++
    row.seen.add(sequence)
  }
  return rows.map(({ seen, ...row }) => ({
    ...row,
    missing: row.lastSequence - row.firstSequence + 1 - seen.size,
  }))
}
