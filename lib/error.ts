import { nearMisses } from './near-miss.ts'

/**
 * The one error base. The message is composed here and nowhere else, always in the same order:
 * what, where, expected, observed, what to do next.
 */
export interface ErrorDetail {
  /** Stable machine-readable code in upper snake case, e.g. `QEMU_MISSING`. */
  readonly code: string
  /** One sentence: what went wrong, without the host. */
  readonly what: string
  /** Name of the host it happened on, if any. */
  readonly host?: string
  /** What should have been there. */
  readonly expected?: string
  /** What was there instead; quote the last observation. */
  readonly observed?: string
  /** What the reader can type or change next. */
  readonly hint?: string
  /** The last lines of the log that matters, oldest first; reports show them, the message does not. */
  readonly log?: readonly string[]
  /** Where those lines come from, e.g. `serial console of worker1`. */
  readonly logSource?: string
  readonly cause?: unknown
}

/** Process exit codes, as documented in the README. 64 and 70 follow sysexits.h. */
export const ExitCode = {
  conformant: 0,
  notConformant: 1,
  inconclusive: 2,
  usage: 64,
  harness: 70,
  interrupted: 130,
  /** The reader of what a command prints went away, as a shell tells of a program that SIGPIPE ended. */
  readerLeft: 141,
} as const

export class SwarmproofError extends Error {
  readonly code: string
  readonly host: string | undefined
  readonly hint: string | undefined
  readonly detail: ErrorDetail

  constructor(detail: ErrorDetail) {
    super(compose(detail), detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = new.target.name
    this.code = detail.code
    this.host = detail.host
    this.hint = detail.hint
    this.detail = detail
  }
}

/** Wrong usage or wrong input: the user can fix it by typing or writing something else. Exit code 64. */
export class InputError extends SwarmproofError {}

/** The user or the system asked to end. Exit code 130. */
export class InterruptedError extends SwarmproofError {
  constructor(by: string) {
    super({ code: 'INTERRUPTED', what: `interrupted by ${by}` })
  }
}

/** The command was given a deadline, and what it had to do was not done by then. Exit code 2. */
export class OutOfTimeError extends SwarmproofError {
  constructor(deadlineMs: number) {
    super({
      code: 'OUT_OF_TIME',
      what: `the deadline of ${deadlineMs / 1000} s came before the end`,
      hint: 'give more time with --deadline, or verify less: --profile quick, --only, --skip',
    })
  }
}

/** More are not listed in a message. */
const mostListed = 12

/**
 * `unknown node 'wroker1', did you mean worker1?` with the valid ones as an InputError. Where they are many, `list` says
 * how to have them listed.
 */
export function unknownName(kind: string, name: string, valid: readonly string[], list?: string): InputError {
  const meant = nearMisses(name, valid)
  const shown = [...valid].sort().slice(0, mostListed).join(', ')
  const rest = valid.length > mostListed ? ` and ${valid.length - mostListed} more` : ''
  const hint = rest !== '' && list !== undefined ? list : `valid: ${shown}${rest}`
  return new InputError({
    code: `UNKNOWN_${kind.toUpperCase().replaceAll(/[^A-Z]+/g, '_')}`,
    what: `unknown ${kind} '${name}'${meant.length === 0 ? '' : `, did you mean ${alternatives(meant)}?`}`,
    hint: valid.length > 0 ? hint : `there is no ${kind} to choose from`,
  })
}

function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}

/** The words of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** As `messageOf`, for a place that has room for one line. */
export function firstLineOf(thrown: unknown): string {
  return messageOf(thrown).split('\n')[0] ?? ''
}

function compose(detail: ErrorDetail): string {
  const where = detail.host === undefined ? '' : ` (on ${detail.host})`
  const lines = [`${detail.what}${where}`]
  if (detail.expected !== undefined) lines.push(`  expected: ${detail.expected}`)
  if (detail.observed !== undefined) lines.push(`  observed: ${detail.observed}`)
  if (detail.hint !== undefined) lines.push(`  do next:  ${detail.hint}`)
  return lines.join('\n')
}
