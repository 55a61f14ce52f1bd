import type { Capture } from './capture.ts'

/** Does `work` while captures record; if it throws, ends them, because nobody else will. */
export async function endingOnError<T>(captures: readonly Capture[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await Promise.allSettled(captures.map((capture) => capture[Symbol.asyncDispose]()))
    throw error
  }
}
