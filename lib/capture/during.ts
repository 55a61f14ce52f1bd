import type { Capture, Recording } from './capture.ts'

/** What came of work that was recorded. */
export interface Recorded<T> {
  readonly result: T
  /** In the order of the points. */
  readonly recordings: readonly Recording[]
}

/**
 * Does `work` while captures record, and stops them. They are ended whatever the work does: one that is forgotten would
 * go on until its time limit, with a process on its host.
 */
export async function during<T>(
  starting: Promise<readonly Capture[]>,
  work: (captures: readonly Capture[]) => Promise<T>,
): Promise<Recorded<T>> {
  const captures = await starting
  try {
    const result = await work(captures)
    return { result, recordings: await Promise.all(captures.map((capture) => capture.stop())) }
  } finally {
    await Promise.allSettled(captures.map((capture) => capture[Symbol.asyncDispose]()))
  }
}
