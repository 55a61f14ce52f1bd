import type { z } from 'zod'
import { SwarmproofError } from './error.ts'

/**
 * One JSON array, as `ip -j` and `bridge -j` print it; anything else is an empty list.
 * @throws SwarmproofError where an entry has another shape than the program gives it: what a host says is not trusted
 */
export function jsonList<T>(text: string | undefined, entry: z.ZodType<T>): readonly T[] {
  const list = parsed(text)
  if (!Array.isArray(list)) return []
  const read = list.map((one) => entry.safeParse(one))
  const wrong = read.findIndex(({ success }) => !success)
  const issue = read[wrong]?.error?.issues[0]
  if (issue === undefined) return read.flatMap(({ data }) => (data === undefined ? [] : [data]))
  throw new SwarmproofError({
    code: 'JSON_OUTPUT',
    what: 'a host printed a list with an entry of an unexpected form',
    expected: `${issue.path.join('.') || 'the entry'}: ${issue.message}`,
    observed: text?.slice(0, 200) ?? '',
    hint: 'look at the output of `ip -j` and `bridge -j` on the host; another program of that name may be installed',
  })
}

function parsed(text: string | undefined): unknown {
  if (text?.startsWith('[') !== true) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
