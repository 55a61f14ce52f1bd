/**
 * Turns the 64-bit time stamps of one pcapng interface into seconds and nanoseconds. The result stays in the
 * fields until the next `read`, so that a packet costs no object. `resolution` is if_tsresol: 10^-n, or
 * 2^-n with the highest bit set.
 */
export class PcapngClock {
  seconds = 0
  nanoseconds = 0
  readonly digits: number
  private readonly unitsPerSecond: bigint
  /** The same as a number where the long division below is exact: 0 elsewhere. */
  private readonly decimalUnits: number
  private readonly offsetSeconds: number

  constructor(resolution: number, offsetSeconds: number) {
    const exponent = resolution & 0x7f
    const binary = (resolution & 0x80) !== 0
    this.unitsPerSecond = BigInt(binary ? 2 : 10) ** BigInt(exponent)
    this.decimalUnits = !binary && exponent <= 9 ? 10 ** exponent : 0
    this.digits = Math.min(9, binary ? Math.ceil(exponent * Math.log10(2)) : exponent)
    this.offsetSeconds = offsetSeconds
  }

  read(high: number, low: number): void {
    if (this.decimalUnits > 0) this.divide(high, low)
    else this.divideExactly(high, low)
  }

  /** Long division by 16-bit digits: every intermediate value stays below 2^53. */
  private divide(high: number, low: number): void {
    const units = this.decimalUnits
    const first = Math.floor(high / units)
    let rest = (high % units) * 65_536 + (low >>> 16)
    const second = Math.floor(rest / units)
    rest = (rest % units) * 65_536 + (low & 0xffff)
    const third = Math.floor(rest / units)
    this.seconds = Math.max(0, (first * 65_536 + second) * 65_536 + third + this.offsetSeconds)
    this.nanoseconds = (rest % units) * (1_000_000_000 / units)
  }

  private divideExactly(high: number, low: number): void {
    const ticks = (BigInt(high) << 32n) | BigInt(low)
    this.seconds = Math.max(0, Number(ticks / this.unitsPerSecond) + this.offsetSeconds)
    this.nanoseconds = Number(((ticks % this.unitsPerSecond) * 1_000_000_000n) / this.unitsPerSecond)
  }
}
