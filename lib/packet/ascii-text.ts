const ROOM_BYTES = 64 * 1024
const SPARE_BYTES = 1024

/**
 * ASCII text put together from bytes, for tables of half a million rows, where a string for every cell costs several
 * times that. After `isFull` was false there is room for 1 KiB.
 */
export class AsciiText {
  private readonly bytes = Buffer.alloc(ROOM_BYTES)
  private end = 0

  get isFull(): boolean {
    return this.end > ROOM_BYTES - SPARE_BYTES
  }

  put(piece: Uint8Array): void {
    this.bytes.set(piece, this.end)
    this.end += piece.length
  }

  /** A whole number from 0 on. */
  putNumber(value: number): void {
    if (value > 0x7fff_ffff) return this.put(asciiOf(String(value)))
    const { bytes } = this
    let at = this.end
    for (let bound = 10; bound <= value; bound *= 10) at++
    this.end = at + 1
    let rest = value | 0
    while (rest > 9) {
      const tens = (rest / 10) | 0
      bytes[at--] = 48 + rest - 10 * tens
      rest = tens
    }
    bytes[at] = 48 + rest
  }

  /** What was put since it was last taken. */
  take(): string {
    const text = this.bytes.toString('latin1', 0, this.end)
    this.end = 0
    return text
  }
}

export const asciiOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
