import type { Layer, Malformed, Protocol } from './packet.ts'

/**
 * The state of one packet's decoding, handed from layer to layer. `offset` is where the next header starts
 * and `end` where its bytes end on the wire; both may lie beyond what was captured.
 */
export class Walk {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly vxlanPorts: readonly number[]
  /** Which layer a number of a header stands for. */
  readonly following: Following
  readonly layers: Layer[] = []
  offset = 0
  end: number
  /** Inside the first fragment of a datagram: the rest of a header may be in the next one. */
  fragment = false
  malformed: Malformed | undefined
  snapped: Protocol | undefined

  constructor(bytes: Uint8Array, originalBytes: number, vxlanPorts: readonly number[], following: Following) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = Math.max(originalBytes, bytes.byteLength)
    this.vxlanPorts = vxlanPorts
    this.following = following
  }

  /** Whether `count` bytes from `offset` can be read; if not, notes why decoding ends here. */
  has(protocol: Protocol, count: number): boolean {
    const needed = this.offset + count
    if (needed <= this.end && needed <= this.bytes.byteLength) return true
    if (needed <= this.end) this.snapped = protocol
    else if (!this.fragment) this.fail(protocol, `needs ${count} bytes, ${this.end - this.offset} are there`)
    return false
  }

  fail(layer: Malformed['layer'], reason: string): void {
    this.malformed = { layer, reason }
  }

  u8(at: number): number {
    return this.view.getUint8(this.offset + at)
  }

  u16(at: number): number {
    return this.view.getUint16(this.offset + at)
  }

  u32(at: number): number {
    return this.view.getUint32(this.offset + at)
  }

  /** Keeps the layer and moves behind its header. */
  push(layer: Layer): void {
    this.layers.push(layer)
    this.offset = layer.offset + layer.headerBytes
  }
}

/** The protocols that follow, by the numbers by which headers name them. */
export interface Following {
  readonly etherType: ReadonlyMap<number, Protocol>
  readonly ipProtocol: ReadonlyMap<number, Protocol>
}

/** Decodes one header at `walk.offset` and says which layer follows, if one that we know does. */
export type LayerDecoder = (walk: Walk) => Protocol | undefined
