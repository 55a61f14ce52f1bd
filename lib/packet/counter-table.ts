/** Few, so that growing is met, and compiled in, early: V8 throws a loop away that meets something new. */
const INITIAL_ROWS = 8

/**
 * Packet and byte counts by a key of four 32-bit words: open addressing over typed arrays, so that counting
 * a packet allocates nothing. A row, once given, stays. Beyond `limit` rows no new ones are made.
 */
export class CounterTable {
  size = 0
  private keys = new Int32Array(4 * INITIAL_ROWS)
  private packetCounts = new Float64Array(INITIAL_ROWS)
  private byteCounts = new Float64Array(INITIAL_ROWS)
  /** Row + 1 by hash; 0 is free. Always twice as many slots as there is room for rows. */
  private slots = new Int32Array(2 * INITIAL_ROWS)
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /**
   * Counts a packet under its key, whose words must be signed. Answers the row, or -1 if it is new and there
   * is no room for it.
   */
  count(a: number, b: number, c: number, d: number, bytes: number): number {
    const keys = this.keys
    const slots = this.slots
    const mask = slots.length - 1
    let slot = hash(a, b, c, d) & mask
    for (;;) {
      const row = slots[slot]! - 1
      if (row < 0) return this.insert(slot, a, b, c, d, bytes)
      const at = row << 2
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) {
        this.packetCounts[row]! += 1
        this.byteCounts[row]! += bytes
        return row
      }
      slot = (slot + 1) & mask
    }
  }

  /** Word `index` (0 to 3) of a row's key, unsigned. */
  word(row: number, index: number): number {
    return this.keys[4 * row + index]! >>> 0
  }

  packets(row: number): number {
    return this.packetCounts[row]!
  }

  bytes(row: number): number {
    return this.byteCounts[row]!
  }

  /** The most slots that finding one of the rows looks at. */
  get longestProbe(): number {
    const { keys, slots } = this
    const mask = slots.length - 1
    let longest = 0
    for (let slot = 0; slot < slots.length; slot++) {
      const at = (slots[slot]! - 1) << 2
      if (at < 0) continue
      const home = hash(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!) & mask
      longest = Math.max(longest, ((slot - home) & mask) + 1)
    }
    return longest
  }

  private insert(slot: number, a: number, b: number, c: number, d: number, bytes: number): number {
    if (this.size === this.limit) return -1
    const row = this.size++
    this.slots[slot] = row + 1
    this.keys.set([a, b, c, d], 4 * row)
    this.packetCounts[row] = 1
    this.byteCounts[row] = bytes
    if (this.size === this.packetCounts.length && this.size < this.limit) this.grow()
    return row
  }

  private grow(): void {
    const rows = 2 * this.packetCounts.length
    this.packetCounts = enlarged(this.packetCounts, new Float64Array(rows))
    this.byteCounts = enlarged(this.byteCounts, new Float64Array(rows))
    this.keys = enlarged(this.keys, new Int32Array(4 * rows))
    this.slots = new Int32Array(2 * rows)
    for (let row = 0; row < this.size; row++) this.place(row)
  }

  private place(row: number): void {
    const { keys, slots } = this
    const mask = slots.length - 1
    const at = row << 2
    let slot = hash(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = row + 1
  }
}

function enlarged<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/**
 * Simple tabulation: each of the 16 bytes of a key selects a random word, and the words are combined. Nobody who
 * does not know the words can choose keys that share a slot, and open addressing stays at a constant number of
 * probes (Pătraşcu and Thorup, "The Power of Simple Tabulation Hashing", 2011). A multiplicative hash has no such
 * seed: keys that differ in their highest bits alone meet whatever its factors are.
 */
const words = globalThis.crypto.getRandomValues(new Int32Array(16 * 256))

function hash(a: number, b: number, c: number, d: number): number {
  return (
    words[a & 255]! ^
    words[256 + ((a >>> 8) & 255)]! ^
    words[512 + ((a >>> 16) & 255)]! ^
    words[768 + (a >>> 24)]! ^
    words[1024 + (b & 255)]! ^
    words[1280 + ((b >>> 8) & 255)]! ^
    words[1536 + ((b >>> 16) & 255)]! ^
    words[1792 + (b >>> 24)]! ^
    words[2048 + (c & 255)]! ^
    words[2304 + ((c >>> 8) & 255)]! ^
    words[2560 + ((c >>> 16) & 255)]! ^
    words[2816 + (c >>> 24)]! ^
    words[3072 + (d & 255)]! ^
    words[3328 + ((d >>> 8) & 255)]! ^
    words[3584 + ((d >>> 16) & 255)]! ^
    words[3840 + (d >>> 24)]!
  )
}
