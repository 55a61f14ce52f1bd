/** Of one row, side by side in memory: four key words, packets and bytes. */
const ROW_WORDS = 8
const ROW_DOUBLES = 4
const PACKETS = 2
const BYTES = 3
/** Few, so that growing is met, and compiled in, early: V8 throws a loop away that meets something new. */
const INITIAL_ROWS = 8

/**
 * Packet and byte counts by a key of four 32-bit words: open addressing over typed arrays, so that counting
 * a packet allocates nothing, and a row is in one cache line. A row, once given, stays. Beyond `limit` rows
 * no new ones are made.
 */
export class CounterTable {
  size = 0
  private words = new Int32Array(ROW_WORDS * INITIAL_ROWS)
  private doubles = new Float64Array(this.words.buffer)
  private rows = INITIAL_ROWS
  /** Row + 1 by hash; 0 is free. Always at least twice as many slots as rows. */
  private slots = new Int32Array(2 * INITIAL_ROWS)
  /** Brings a hash down to a slot; the high bits are the well mixed ones. */
  private shift = Math.clz32(2 * INITIAL_ROWS - 1)
  private readonly limit: number

  constructor(limit = 1 << 19) {
    this.limit = limit
  }

  /** Counts a packet under its key. Answers the row, or -1 if it is new and there is no room for it. */
  count(a: number, b: number, c: number, d: number, bytes: number): number {
    const row = this.row(a, b, c, d)
    if (row >= 0) {
      const at = row * ROW_DOUBLES
      this.doubles[at + PACKETS]! += 1
      this.doubles[at + BYTES]! += bytes
    }
    return row
  }

  /** The row of a key, new if it was not there; -1 if there is no room for it. */
  row(a: number, b: number, c: number, d: number): number {
    const { words, slots } = this
    const mask = slots.length - 1
    let slot = hash(a, b, c, d) >>> this.shift
    for (;;) {
      const row = slots[slot]! - 1
      if (row < 0) return this.insert(slot, a, b, c, d)
      const at = row * ROW_WORDS
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return row
      slot = (slot + 1) & mask
    }
  }

  /** Word `index` (0 to 3) of a row's key, unsigned. */
  word(row: number, index: number): number {
    return this.words[ROW_WORDS * row + index]! >>> 0
  }

  packets(row: number): number {
    return this.doubles[ROW_DOUBLES * row + PACKETS]!
  }

  bytes(row: number): number {
    return this.doubles[ROW_DOUBLES * row + BYTES]!
  }

  private insert(slot: number, a: number, b: number, c: number, d: number): number {
    if (this.size === this.limit) return -1
    const row = this.size++
    this.slots[slot] = row + 1
    this.words.set([a, b, c, d], ROW_WORDS * row)
    if (this.size === this.rows && this.size < this.limit) this.grow()
    return row
  }

  private grow(): void {
    this.rows *= 2
    const words = new Int32Array(ROW_WORDS * this.rows)
    words.set(this.words)
    this.words = words
    this.doubles = new Float64Array(words.buffer)
    const slots = new Int32Array(2 * this.rows)
    const mask = slots.length - 1
    this.shift = Math.clz32(mask)
    for (let row = 0; row < this.size; row++) {
      const at = row * ROW_WORDS
      let slot = hash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) >>> this.shift
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = row + 1
    }
    this.slots = slots
  }
}

/** A sum of products with odd constants; the shifts bring the high bits of the words into play. */
function hash(a: number, b: number, c: number, d: number): number {
  const low = (Math.imul(a ^ (a >>> 16), 0x9e3779b1) + Math.imul(b ^ (b >>> 16), 0x85ebca6b)) | 0
  const high = (Math.imul(c ^ (c >>> 16), 0xc2b2ae35) + Math.imul(d ^ (d >>> 8), 0x27d4eb2f)) | 0
  return Math.imul((low + high) | 0, 0x7feb352d)
}
