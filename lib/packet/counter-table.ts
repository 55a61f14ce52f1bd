/** Few, so that growing is met, and compiled in, early: V8 throws a loop away that meets something new. */
const INITIAL_ROWS = 8

/** A row is one stretch of memory: the key in four words, then packets and bytes as doubles. */
const ROW_WORDS = 8
const ROW_DOUBLES = 4

/** Packets come in trains: one of the same key as a packet shortly before is found without the hash. */
const RECENT_ROWS = 1024

/**
 * Packet and byte counts by a key of four 32-bit words: open addressing over typed arrays, so that counting
 * a packet allocates nothing. A row, once given, stays. Beyond `limit` rows no new ones are made.
 */
export class CounterTable {
  size = 0
  private words = new Int32Array(ROW_WORDS * INITIAL_ROWS)
  /** The same memory. */
  private doubles = new Float64Array(this.words.buffer)
  /** Row + 1 by hash; 0 is free. Always twice as many slots as there is room for rows. */
  private slots = new Int32Array(2 * INITIAL_ROWS)
  /** The row that was found last, by a few bits of its key. A guess that fails costs one look, whoever chose the keys. */
  private readonly recent = new Int32Array(RECENT_ROWS)
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /**
   * Counts a packet under its key, whose words must be signed. Answers the row, or -1 if it is new and there
   * is no room for it.
   */
  count(a: number, b: number, c: number, d: number, bytes: number): number {
    const words = this.words
    const guess = (a ^ b ^ c ^ (c >>> 16) ^ d) & (RECENT_ROWS - 1)
    let row = this.recent[guess]!
    const at = row * ROW_WORDS
    if (
      words[at] !== a ||
      words[at + 1] !== b ||
      words[at + 2] !== c ||
      words[at + 3] !== d ||
      row >= this.size
    ) {
      row = this.find(a, b, c, d)
      if (row < 0) return row
      this.recent[guess] = row
    }
    const counts = this.doubles
    counts[row * ROW_DOUBLES + 2]! += 1
    counts[row * ROW_DOUBLES + 3]! += bytes
    return row
  }

  /** Word `index` (0 to 3) of a row's key, unsigned. */
  word(row: number, index: number): number {
    return this.words[ROW_WORDS * row + index]! >>> 0
  }

  packets(row: number): number {
    return this.doubles[ROW_DOUBLES * row + 2]!
  }

  bytes(row: number): number {
    return this.doubles[ROW_DOUBLES * row + 3]!
  }

  /** The most slots that finding one of the rows looks at. */
  get longestProbe(): number {
    const { slots } = this
    const mask = slots.length - 1
    let longest = 0
    for (let slot = 0; slot < slots.length; slot++) {
      const row = slots[slot]! - 1
      if (row >= 0) longest = Math.max(longest, ((slot - (this.hashOf(row) & mask)) & mask) + 1)
    }
    return longest
  }

  /** The row of a key, a new one where it has none and there is room; else -1. */
  private find(a: number, b: number, c: number, d: number): number {
    const { words, slots } = this
    const mask = slots.length - 1
    let slot = hash(a, b, c, d) & mask
    for (;;) {
      const row = slots[slot]! - 1
      if (row < 0) return this.insert(slot, a, b, c, d)
      const at = row * ROW_WORDS
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return row
      slot = (slot + 1) & mask
    }
  }

  private insert(slot: number, a: number, b: number, c: number, d: number): number {
    if (this.size === this.limit) return -1
    const row = this.size++
    const { words } = this
    const at = row * ROW_WORDS
    this.slots[slot] = row + 1
    words[at] = a
    words[at + 1] = b
    words[at + 2] = c
    words[at + 3] = d
    if (2 * this.size === this.slots.length && this.size < this.limit) this.grow()
    return row
  }

  private grow(): void {
    const words = new Int32Array(2 * this.words.length)
    words.set(this.words)
    this.words = words
    this.doubles = new Float64Array(words.buffer)
    this.slots = new Int32Array(2 * this.slots.length)
    for (let row = 0; row < this.size; row++) this.place(row)
  }

  private place(row: number): void {
    const { slots } = this
    const mask = slots.length - 1
    let slot = this.hashOf(row) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = row + 1
  }

  private hashOf(row: number): number {
    const { words } = this
    const at = row * ROW_WORDS
    return hash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
  }
}

/**
 * Simple tabulation: each of the 16 bytes of a key selects a random word, and the words are combined. Nobody who
 * does not know the words can choose keys that share a slot, and open addressing stays at a constant number of
 * probes (Pătraşcu and Thorup, "The Power of Simple Tabulation Hashing", 2011). A multiplicative hash has no such
 * seed: keys that differ in their highest bits alone meet whatever its factors are. The words need not be secret for
 * long, only unknown to whoever wrote the capture, and so are those of `Math.random`, which each process is
 * given a seed for; to load what makes better ones takes 5 ms.
 */
const randoms = Int32Array.from({ length: 16 * 256 }, () => Math.random() * 2 ** 32)

function hash(a: number, b: number, c: number, d: number): number {
  return (
    randoms[a & 255]! ^
    randoms[256 + ((a >>> 8) & 255)]! ^
    randoms[512 + ((a >>> 16) & 255)]! ^
    randoms[768 + (a >>> 24)]! ^
    randoms[1024 + (b & 255)]! ^
    randoms[1280 + ((b >>> 8) & 255)]! ^
    randoms[1536 + ((b >>> 16) & 255)]! ^
    randoms[1792 + (b >>> 24)]! ^
    randoms[2048 + (c & 255)]! ^
    randoms[2304 + ((c >>> 8) & 255)]! ^
    randoms[2560 + ((c >>> 16) & 255)]! ^
    randoms[2816 + (c >>> 24)]! ^
    randoms[3072 + (d & 255)]! ^
    randoms[3328 + ((d >>> 8) & 255)]! ^
    randoms[3584 + ((d >>> 16) & 255)]! ^
    randoms[3840 + (d >>> 24)]!
  )
}
