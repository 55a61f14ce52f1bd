import { decode } from './decode.ts'
import { addressesOf } from './layer-table.ts'
import type { Layer } from './packet.ts'
import type { RecordSink } from './record.ts'

/** Every condition must hold; none lets every packet pass. */
export interface PacketFilter {
  /** Of the outermost VXLAN header. */
  readonly vni?: number
  /** Of the outermost ESP header: `0x` and 8 hexadecimal digits. */
  readonly spi?: string
  /** Each must be an end of the packet, outer or inner, or be spoken of in ARP. */
  readonly addresses: readonly string[]
}

export function matches(layers: readonly Layer[], filter: PacketFilter): boolean {
  return (
    (filter.vni === undefined || layers.find((layer) => layer.protocol === 'vxlan')?.vni === filter.vni) &&
    (filter.spi === undefined || layers.find((layer) => layer.protocol === 'esp')?.spi === filter.spi) &&
    filter.addresses.every((address) => layers.some((layer) => addressesOf(layer).includes(address)))
  )
}

/** Hands on only the packets that match. */
export class FilterSink implements RecordSink {
  private readonly next: RecordSink
  private readonly filter: PacketFilter
  private readonly vxlanPorts: readonly number[]

  constructor(next: RecordSink, filter: PacketFilter, vxlanPorts: readonly number[]) {
    this.next = next
    this.filter = filter
    this.vxlanPorts = vxlanPorts
  }

  record(...record: Parameters<RecordSink['record']>): void {
    const [bytes, , offset, capturedBytes, originalBytes, , , , linkType] = record
    const packet = bytes.subarray(offset, offset + capturedBytes)
    const { layers } = decode(packet, { linkType, originalBytes, vxlanPorts: this.vxlanPorts })
    if (matches(layers, this.filter)) this.next.record(...record)
  }
}
