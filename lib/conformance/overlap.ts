import type { ConformanceTest } from './test.ts'

/** What of a requirement says beside which others it may be verified. */
export type Overlapping = Pick<ConformanceTest, 'safety' | 'changes' | 'quiet' | 'reads'>

/**
 * Whether two requirements may be verified on one lab at the same time, by what they declare:
 *
 * - not where one may disrupt the lab or changes more of it than services and networks of its own;
 * - not where one must have quiet from what the other does;
 * - not where neither changes anything: they do not wait for the swarm, and send from the same tasks;
 * - not where both change something and rest on one scene: the second would only wait for the first to make it.
 */
export function mayOverlap(one: Overlapping, other: Overlapping): boolean {
  return (
    !isAlone(one) &&
    !isAlone(other) &&
    !disturbs(one, other) &&
    !disturbs(other, one) &&
    (one.changes.length > 0 || other.changes.length > 0) &&
    !(
      one.changes.length > 0 &&
      other.changes.length > 0 &&
      one.reads.some((key) => other.reads.includes(key))
    )
  )
}

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
