import type { Unseen } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { Answer } from '../../lib/swarm/answer.ts'

/** What an engine said to a command that it should refuse. */
export interface Refusal {
  /** As it was given to docker, for people. */
  readonly command: string
  readonly accepted: boolean
  /** The engine's own words, quoted: what an operator gets to read is part of what is required. */
  readonly words: string
}

/** Warnings of docker itself come before the engine's words and take up to 400 characters. */
const longestWords = 1000

export function refusalSeen(command: string, { accepted, words }: Answer): Refusal {
  return { command, accepted, words: words.slice(0, longestWords) }
}

/** Words of docker or of a manager that say that nobody decided. */
const undecided =
  /cannot connect to the docker daemon|error during connect|does not have a leader|deadline exceeded|code = unavailable/i

/** Whether the engine was not there to answer, or its managers had no leader: that is no refusal. */
export function isUndecided({ accepted, words }: Refusal): boolean {
  return !accepted && undecided.test(words)
}

/** What an engine should have refused, and whether its words name the reason. */
export interface Refusing {
  readonly node: string
  /** Reported where it was accepted. */
  readonly code: Problem['code']
  readonly names: RegExp
  /** What `names` looks for, for people: a word or a number. */
  readonly expected: string
}

export function refusalProblems(refusal: Refusal, { node, code, names, expected }: Refusing): Problem[] {
  const { command, accepted, words } = refusal
  if (accepted) return [{ code, kind: 'seen', node, subject: command }]
  if (isUndecided(refusal) || names.test(words)) return []
  return [
    {
      ...{ code: 'refusal-unclear', kind: 'missed', node, subject: command },
      ...{ expected, observed: words.slice(-160) },
    },
  ]
}

export function undecidedUnseen(refusals: readonly Refusal[], node: string): Unseen[] {
  return refusals.filter(isUndecided).map(({ command, words }) => ({
    what: `the answer to "${command}"`,
    nodes: [node],
    why: lastLine(words),
  }))
}

export function lastLine(words: string): string {
  return (words.trim().split('\n').at(-1) ?? '').slice(0, 140)
}
