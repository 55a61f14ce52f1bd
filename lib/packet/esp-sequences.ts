/** Bits of one page; a page is kept until all its numbers were seen. */
const PAGE_BITS = 4096
const PAGE_SHIFT = 12

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

/**
 * The ESP sequence numbers seen of one security association, in whatever order they come: lowest and
 * highest, how many between them are missing and how many came again. Exact, whatever the reordering, until
 * the shared memory is used up (some 200 million numbers scattered without order); from then on a repeated
 * number in a new page passes for a new one. Extended sequence numbers (RFC 4303, section 2.2.1) are told
 * by their low 32 bits, as they are on the wire.
 */
export class EspSequences {
  lowest = Infinity
  highest = -1
  duplicates = 0
  private distinct = 0
  private readonly memory: SequenceMemory
  private readonly pages = new Map<number, Page>()
  private pageNumber = -1
  private page: Page | undefined

  constructor(memory: SequenceMemory) {
    this.memory = memory
  }

  get missing(): number {
    return this.distinct === 0 ? 0 : this.highest - this.lowest + 1 - this.distinct
  }

  add(sequence: number): void {
    if (sequence < this.lowest) this.lowest = sequence
    if (sequence > this.highest) this.highest = sequence
    const pageNumber = sequence >>> PAGE_SHIFT
    if (pageNumber !== this.pageNumber) this.turnTo(pageNumber)
    const page = this.page
    if (page === undefined) {
      this.distinct++
      return
    }
    const bits = page.bits
    const word = (sequence & (PAGE_BITS - 1)) >>> 5
    const bit = 1 << (sequence & 31)
    if (bits === undefined || (bits[word]! & bit) !== 0) {
      this.duplicates++
      return
    }
    bits[word]! |= bit
    this.distinct++
    page.seen++
    if (page.seen === PAGE_BITS) this.complete(page)
  }

  private complete(page: Page): void {
    page.bits = undefined
    this.memory.giveBack()
  }

  private turnTo(pageNumber: number): void {
    this.pageNumber = pageNumber
    this.page = this.pages.get(pageNumber)
    if (this.page !== undefined) return
    const bits = this.memory.take()
    if (bits === undefined) return
    this.page = { bits, seen: 0 }
    this.pages.set(pageNumber, this.page)
  }
}
