/**
 * What came of looking again and again. At least one look succeeded, or `NeverObserved` was thrown: "not reached"
 * always quotes something that was seen.
 */
export type Polled<S> = {
  /** From the beginning to the end of the last look. */
  readonly seconds: number
  readonly withinSeconds: number
  /** The first look, the last, and each that differed from the one before; oldest first. */
  readonly looks: readonly PolledLook<S>[]
  /** Looks that failed, e.g. because an engine refused to answer. */
  readonly failedLooks: number
  readonly last: S
} & ({ readonly reached: true } | { readonly reached: false })

export interface PolledLook<S> {
  readonly atSeconds: number
  readonly seen: S
}
