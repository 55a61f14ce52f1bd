/**
 * What becomes of the packets that a host sends onto an underlay, as tc-netem(8) has it: at each sender, so a round
 * trip is delayed twice, and each direction loses for itself. What arrives and what stays on the host is untouched.
 */
export interface Impairment {
  /** Added to every packet, in milliseconds; to the microsecond. */
  readonly delayMs?: number
  /** Of a hundred packets, each by itself. */
  readonly lossPercent?: number
  /** Kilobits a second, as tc counts them: 1,000 bits. */
  readonly rateKbit?: number
  /** Of a hundred packets, those that are sent at once instead of delayed, and so overtake others. */
  readonly reorderPercent?: number
}

/** For people: `10 ms of delay, 0.1 % lost, 50 Mbit/s, 1 % sent out of order`. */
export function describeImpairment({ delayMs, lossPercent, rateKbit, reorderPercent }: Impairment): string {
  const parts = [
    ...(delayMs === undefined ? [] : [`${delayMs} ms of delay`]),
    ...(lossPercent === undefined ? [] : [`${lossPercent} % lost`]),
    ...(rateKbit === undefined ? [] : [bitRate(rateKbit)]),
    ...(reorderPercent === undefined ? [] : [`${reorderPercent} % sent out of order`]),
  ]
  return parts.length === 0 ? 'not impaired' : parts.join(', ')
}

function bitRate(kbit: number): string {
  if (kbit >= 1_000_000) return `${kbit / 1_000_000} Gbit/s`
  return kbit >= 1000 ? `${kbit / 1000} Mbit/s` : `${kbit} kbit/s`
}
