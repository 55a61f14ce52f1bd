import type { ConformanceTest } from './test.ts'

/** What of a requirement says beside which others it may be verified. */
export type Overlapping = Pick<ConformanceTest, 'safety' | 'changes' | 'quiet' | 'reads' | 'listens'>

/**
 * Whether two requirements may be verified on one lab at the same time, by what they declare:
 *
 * - not where one may disrupt the lab or changes more of it than services and networks of its own;
 * - not where one must have quiet from what the other does;
 * - not where neither changes anything, for they send from the same tasks; but beside one that only listens;
 * - not where both change something, or neither does, and they rest on one scene: the second would only wait for the first
 *   to make it.
 */
export function mayOverlap(one: Overlapping, other: Overlapping): boolean {
  return (
    !isAlone(one) &&
    !isAlone(other) &&
    !disturbs(one, other) &&
    !disturbs(other, one) &&
    (changesAny(one) || changesAny(other) || one.listens === true || other.listens === true) &&
    !(changesAny(one) === changesAny(other) && one.reads.some((key) => other.reads.includes(key)))
  )
}

const changesAny = ({ changes }: Overlapping): boolean => changes.length > 0

/** Whether it is verified with nothing beside it, whatever that is. */
export function isAlone({ safety, changes, quiet }: Overlapping): boolean {
  return (
    safety === 'lab' ||
    changes.some((change) => change !== 'service' && change !== 'network') ||
    // All others send something.
    quiet.includes('traffic')
  )
}

function disturbs({ changes }: Overlapping, { quiet }: Overlapping): boolean {
  return (
    (quiet.includes('changes') && changes.length > 0) ||
    (quiet.includes('tasks') && changes.includes('service'))
  )
}
