/** Bits of one page; a page is kept until all its numbers were seen. */
const PAGE_BITS = 4096

/** Memory that all security associations of a capture share for telling duplicates from late packets. */
export class SequenceMemory {
  private freePages: number

  constructor(bytes = 24 * 1024 * 1024) {
    this.freePages = Math.floor(bytes / (PAGE_BITS / 8))
  }

  take(): Uint32Array | undefined {
    if (this.freePages === 0) return undefined
    this.freePages--
    return new Uint32Array(PAGE_BITS / 32)
  }

  giveBack(): void {
    this.freePages++
  }
}

interface Page {
  /** Undefined once every number of it was seen. */
  bits: Uint32Array | undefined
  seen: number
}

/** What was seen of one security association; 0 and -1 as bounds if nothing was. */
export interface SequenceTally {
  readonly lowest: number
  readonly highest: number
  readonly missing: number
  readonly duplicates: number
}

/**
 * The ESP sequence numbers seen of one security association, in whatever order they come: lowest and
 * highest, how many between them are missing and how many came again. Exact, whatever the reordering, until
 * the shared memory is used up (some 200 million numbers scattered without order); from then on a repeated
 * number in a new page passes for a new one. Extended sequence numbers (RFC 4303, section 2.2.1) are told
 * by their low 32 bits, as they are on the wire.
 *
 * Numbers that follow each other cost one comparison; they are entered as a run when it ends.
 */
export class EspSequences {
  private readonly memory: SequenceMemory
  private readonly pages = new Map<number, Page>()
  private runStart = -1
  /** The number that would continue the run. */
  private next = -1
  private lowest = Infinity
  private highest = -1
  private distinct = 0
  private duplicates = 0

  constructor(memory: SequenceMemory) {
    this.memory = memory
  }

  add(sequence: number): void {
    if (sequence !== this.next) {
      this.enterRun()
      this.runStart = sequence
    }
    this.next = sequence + 1
  }

  tally(): SequenceTally {
    this.enterRun()
    const { lowest, highest, duplicates, distinct } = this
    if (distinct === 0) return { lowest: 0, highest: -1, missing: 0, duplicates }
    return { lowest, highest, missing: highest - lowest + 1 - distinct, duplicates }
  }

  private enterRun(): void {
    const { runStart, next } = this
    if (runStart < 0) return
    this.lowest = Math.min(this.lowest, runStart)
    this.highest = Math.max(this.highest, next - 1)
    for (let from = runStart; from < next;) {
      const pageNumber = Math.floor(from / PAGE_BITS)
      const to = Math.min(next, (pageNumber + 1) * PAGE_BITS)
      this.enter(pageNumber, from % PAGE_BITS, to - pageNumber * PAGE_BITS)
      from = to
    }
    this.runStart = -1
    this.next = -1
  }

  /** Enters the numbers from `from` to before `to`, counted from the start of the page. */
  private enter(pageNumber: number, from: number, to: number): void {
    const page = this.pageOf(pageNumber)
    const known = page === undefined ? 0 : page.bits === undefined ? to - from : mark(page.bits, from, to)
    this.duplicates += known
    this.distinct += to - from - known
    if (page?.bits === undefined) return
    page.seen += to - from - known
    if (page.seen < PAGE_BITS) return
    page.bits = undefined
    this.memory.giveBack()
  }

  private pageOf(pageNumber: number): Page | undefined {
    const known = this.pages.get(pageNumber)
    if (known !== undefined) return known
    const bits = this.memory.take()
    if (bits === undefined) return undefined
    const page = { bits, seen: 0 }
    this.pages.set(pageNumber, page)
    return page
  }
}

/** Sets the bits from `from` to before `to`, and answers how many of them were set before. */
function mark(bits: Uint32Array, from: number, to: number): number {
  let known = 0
  for (let word = from >>> 5; word <= (to - 1) >>> 5; word++) {
    const first = Math.max(from - 32 * word, 0)
    const count = Math.min(to - 32 * word, 32) - first
    const mask = (count === 32 ? -1 : ((1 << count) - 1) << first) >>> 0
    known += bitCount(bits[word]! & mask)
    bits[word]! |= mask
  }
  return known
}

function bitCount(word: number): number {
  let count = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) count++
  return count
}
