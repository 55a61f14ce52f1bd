/** `inconclusive`: the harness could not know. `skip`: a named feature is missing. */
export type Outcome = 'pass' | 'fail' | 'skip' | 'inconclusive'

export interface Verdict {
  readonly outcome: Outcome
  /** One or more sentences a tired engineer understands; for `fail` what was expected and what was seen, where. */
  readonly reason: string
  readonly evidence: readonly Evidence[]
}

/** What a verdict rests on. Files are relative to the run's folder. */
export type Evidence =
  | { readonly kind: 'observation'; readonly name: string; readonly data: unknown }
  | {
      readonly kind: 'measurement'
      readonly name: string
      readonly value: number
      readonly unit: string
      readonly bound?: number
    }
  | {
      readonly kind: 'packets'
      readonly name: string
      readonly file: string
      readonly packets: number
      readonly summary: readonly string[]
    }
