export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly samples: number
}

/** Rounded to three digits. @throws RangeError without samples: a figure from nothing would be none */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('there is no sample')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
  return {
    median: rounded(median),
    min: rounded(sorted[0] ?? 0),
    max: rounded(sorted.at(-1) ?? 0),
    samples: sorted.length,
  }
}

/** Of samples taken in turn: each is divided by its neighbour, so that a change of load meets both alike. */
export function ratioOf(above: readonly number[], below: readonly number[]): Spread {
  if (above.length !== below.length) throw new RangeError(`${above.length} samples over ${below.length}`)
  return spreadOf(above.map((value, index) => value / (below[index] ?? Number.NaN)))
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
