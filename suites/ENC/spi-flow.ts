import type { Problem } from '../../lib/observation/problem.ts'

/** ESP packets of one SPI, in the order they were captured. */
export interface SpiFlow {
  readonly spi: string
  readonly packets: number
  readonly first: number
  readonly last: number
  readonly repeated: readonly number[]
  /** Sequence numbers that came behind a higher one. */
  readonly late: number
  /** How far behind the highest seen the latest of them was. */
  readonly latest: number
}

/**
 * Sending CPUs take sequence numbers one after another but may overtake each other on the way to the wire. More
 * than the usual anti-replay window of RFC 4303 §3.4.3 would make receivers drop packets.
 */
export const reorderWindow = 64

export function spiFlow(spi: string, sequences: readonly number[]): SpiFlow {
  const seen = new Set<number>()
  const repeated: number[] = []
  let [highest, late, latest] = [0, 0, 0]
  for (const sequence of sequences) {
    if (seen.has(sequence)) repeated.push(sequence)
    else if (sequence < highest) {
      late += 1
      latest = Math.max(latest, highest - sequence)
    }
    seen.add(sequence)
    highest = Math.max(highest, sequence)
  }
  return { spi, packets: sequences.length, first: sequences[0] ?? 0, last: highest, repeated, late, latest }
}

/** What is wrong with the order of a flow. */
export function sequenceProblems(
  flow: SpiFlow,
): Pick<Problem, 'code' | 'kind' | 'subject' | 'expected' | 'observed'>[] {
  return [
    ...(flow.repeated.length === 0
      ? []
      : [
          {
            ...{ code: 'sequence-repeated' as const, kind: 'seen' as const, subject: flow.spi },
            observed: flow.repeated.length,
          },
        ]),
    ...(flow.latest < reorderWindow
      ? []
      : [
          {
            ...{ code: 'sequence-not-rising' as const, kind: 'seen' as const, subject: flow.spi },
            ...{ observed: flow.latest, expected: reorderWindow - 1 },
          },
        ]),
  ]
}
