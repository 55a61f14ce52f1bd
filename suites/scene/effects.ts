import type { ObserveContext, TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import type { Measure } from '../../lib/observation/judgement.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { poll } from '../../lib/poll.ts'

/** One of several things a change must bring about. */
export interface Effect {
  /** Until it was first seen whole; undefined if the bound ran out. */
  readonly seconds: number | undefined
  /** What the last look saw otherwise; empty if it was there. */
  readonly problems: readonly string[]
}

/**
 * From an update until a new task runs and is known on the other nodes. The documentation names no time; a task is
 * replaced by stop, grace period (1 s here), start and a round of gossip, all of which take seconds.
 */
export const effectiveWithinMs = 90_000

/**
 * Looks at all effects of one change until they are there, or the bound runs out.
 * @throws whatever the looks threw if none of them came to its end
 */
export async function effects<Name extends string>(
  { signal }: Pick<TestContext, 'signal'>,
  what: string,
  look: () => Promise<Readonly<Record<Name, readonly string[]>>>,
): Promise<Readonly<Record<Name, Effect>>> {
  const startedAt = performance.now()
  const firstSeen = new Map<string, number>()
  let last: Readonly<Record<Name, readonly string[]>> | undefined
  const bound = { what: `${what} takes effect`, withinMs: effectiveWithinMs, everyMs: 1000, signal }
  await eventually(bound, async () => {
    const seen = await look()
    last = seen
    const now = Math.round((performance.now() - startedAt) / 100) / 10
    for (const [name, problems] of entriesOf(seen)) {
      if (problems.length > 0) firstSeen.delete(name)
      else if (!firstSeen.has(name)) firstSeen.set(name, now)
    }
    const left = entriesOf(seen).flatMap(([, problems]) => problems)
    return left.length === 0 ? { ready: true, value: undefined } : { ready: false, seen: left.join('; ') }
  }).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED') || last === undefined)
      throw error
  })
  const told = entriesOf(last ?? ({} as Readonly<Record<Name, readonly string[]>>)).map(
    ([name, problems]) => [name, { seconds: firstSeen.get(name), problems }] as const,
  )
  return Object.fromEntries(told) as Readonly<Record<Name, Effect>>
}

/** Records how long an effect took, and asserts that it came within the bound. Returns the seconds. */
export function requireEffect(
  { evidence }: Pick<TestContext, 'evidence'>,
  what: string,
  { seconds, problems }: Effect,
): number {
  const bound = effectiveWithinMs / 1000
  if (seconds !== undefined) evidence.measure(`${what} took effect`, seconds, 's', bound)
  requireNone(`${what} takes effect within ${bound} s`, problems)
  return seconds ?? 0
}

function entriesOf<Name extends string, Value>(record: Readonly<Record<Name, Value>>): [Name, Value][] {
  return Object.entries(record) as [Name, Value][]
}

/** Looks at what a change must bring about until it is there, or the bound runs out. */
export function pollEffect<S>(
  { signal }: Pick<ObserveContext, 'signal'>,
  what: string,
  look: () => Promise<S>,
  problemsOf: (seen: S) => readonly unknown[],
): Promise<Polled<S>> {
  return poll(
    { what: `${what} takes effect`, withinMs: effectiveWithinMs, everyMs: 1000, signal },
    look,
    problemsOf,
  )
}

/** When one of several effects was there to stay: the first of the looks since which none saw a problem. */
export function effectSeconds<S>(
  { looks }: Pick<Polled<S>, 'looks'>,
  problemsOf: (seen: S) => readonly unknown[],
): number | undefined {
  const lastWith = looks.findLastIndex(({ seen }) => problemsOf(seen).length > 0)
  return looks[lastWith + 1]?.atSeconds
}

/** When an effect was there, as a figure; none where it never was. */
export function effectMeasure(what: string, seconds: number | undefined): Measure[] {
  const bound = effectiveWithinMs / 1000
  return seconds === undefined ? [] : [{ name: `${what} took effect`, value: seconds, unit: 's', bound }]
}
