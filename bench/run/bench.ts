import type { Counted } from './counts.ts'
import type { Command, Cost, Measured } from './measure.ts'

/** One of the two commits. */
export interface Side {
  readonly name: 'earlier' | 'now'
  readonly commit: string
  /** Its checkout, packages installed. */
  readonly folder: string
  /** Cache and labs of its own. */
  readonly environment: Readonly<Record<string, string>>
}

export interface Bench {
  readonly earlier: Side
  readonly now: Side
  /** Removed at the end. */
  readonly scratch: string
  /** Words for `--hosts`, or none. */
  readonly hosts: readonly string[]
  readonly isDry: boolean
  note(text: string): void
  /** Measured, or with `--dry` printed: its costs are not numbers then. */
  run(command: Command): Promise<Measured>
  /** Cleans up, after an interruption, too; what fails is noted. */
  finish(command: Command): Promise<void>
  /** A worktree of the side without packages, for as long as it is used. */
  checkOut(side: Side): Disposable & { readonly folder: string }
}

/** What one turn of one party came to. */
export interface Trial extends Cost {
  /** 0 where every verdict or test was good. */
  readonly exitCode: number
  readonly counted?: Counted
  /** In words, e.g. the last line of a test command. */
  readonly told?: string
}

export interface Target {
  readonly figure: Figure
  /** The party whose figure is one. */
  readonly of: string
  readonly most: number
}

export type Figure = 'wall' | 'CPU' | 'bytes over SSH'

export interface Case {
  readonly name: string
  readonly about: string
  /** `now` among them; their order is reversed from one round to the next. */
  readonly parties: readonly string[]
  readonly targets: readonly Target[]
  /** Rounds before those that count: files read for the first time, code compiled. */
  readonly warmUps: number
  open(bench: Bench): Promise<OpenCase>
}

export interface OpenCase extends AsyncDisposable {
  run(party: string): Promise<Trial>
  /** What this commit has beside what both have, once: a sentence. */
  beside?(): Promise<string>
}
