/**
 * Packet and byte counts by a key of four 32-bit words: open addressing over typed arrays, so that counting
 * a packet allocates nothing. A row, once given, stays. Beyond `limit` rows `row` answers -1.
 */
export class CounterTable {
  size = 0
  packets = new Float64Array(INITIAL_ROWS)
  bytes = new Float64Array(INITIAL_ROWS)
  private keys = new Int32Array(4 * INITIAL_ROWS)
  /** Row + 1 by hash; 0 is free. Always at least twice as many slots as rows. */
  private slots = new Int32Array(2 * INITIAL_ROWS)
  private readonly limit: number

  constructor(limit = 1 << 19) {
    this.limit = limit
  }

  /** The row of a key, new if it was not there. */
  row(a: number, b: number, c: number, d: number): number {
    const { keys, slots } = this
    const mask = slots.length - 1
    let slot = hash(a, b, c, d) & mask
    for (;;) {
      const row = slots[slot]! - 1
      if (row < 0) return this.insert(slot, a, b, c, d)
      const at = row << 2
      if (
        keys[at] === (a | 0) &&
        keys[at + 1] === (b | 0) &&
        keys[at + 2] === (c | 0) &&
        keys[at + 3] === (d | 0)
      ) {
        return row
      }
      slot = (slot + 1) & mask
    }
  }

  count(row: number, bytes: number): void {
    this.packets[row]! += 1
    this.bytes[row]! += bytes
  }

  /** Word `index` (0 to 3) of a row's key, unsigned. */
  word(row: number, index: number): number {
    return this.keys[4 * row + index]! >>> 0
  }

  private insert(slot: number, a: number, b: number, c: number, d: number): number {
    if (this.size === this.limit) return -1
    const row = this.size++
    this.slots[slot] = row + 1
    this.keys.set([a, b, c, d], 4 * row)
    if (this.size === this.packets.length && this.size < this.limit) this.grow()
    return row
  }

  private grow(): void {
    const rows = 2 * this.packets.length
    this.packets = enlarged(this.packets, new Float64Array(rows))
    this.bytes = enlarged(this.bytes, new Float64Array(rows))
    this.keys = enlarged(this.keys, new Int32Array(4 * rows))
    const { keys } = this
    const slots = new Int32Array(2 * rows)
    const mask = slots.length - 1
    for (let row = 0; row < this.size; row++) {
      const at = row << 2
      let slot = hash(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = row + 1
    }
    this.slots = slots
  }
}

const INITIAL_ROWS = 1024

function enlarged<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** The 32-bit finaliser of MurmurHash3, over words mixed with odd constants. */
function hash(a: number, b: number, c: number, d: number): number {
  let mixed =
    Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  return mixed ^ (mixed >>> 15)
}
