import { firstLineOf, SwarmproofError } from '../error.ts'
import { MissingPrerequisite } from '../missing-prerequisite.ts'
import { MissingTool } from '../missing-tool.ts'
import type { Missing } from '../observation/judgement.ts'
import { shortList } from '../observation/finding.ts'
import type { Part } from '../observation/part.ts'

/** Of the hosts that lack it. */
const mostNamed = 12

/** What an error says that something is not there, as data. */
export function missingOf(error: MissingPrerequisite): Missing {
  if (error instanceof MissingTool)
    return {
      what: error.tool,
      of: 'tool',
      nodes: error.hosts,
      remedy: `apt-get install ${error.package}, or give --toolbox-image`,
    }
  return { what: firstLineOf(error), of: 'topology', nodes: [] }
}

/** For people; the only place that words it. */
export function describeMissing({ what, nodes, remedy }: Missing): string {
  const where = nodes.length === 0 ? '' : ` is missing on ${shortList(nodes, mostNamed).join(', ')}`
  return `${what}${where}${remedy === undefined ? '' : `: ${remedy}`}`
}

/** Observes one part; what it lacks or throws is kept in its place, so that the other parts can be judged. */
export async function observePart<T>(observe: () => Promise<T>): Promise<Part<T>> {
  try {
    return { got: await observe() }
  } catch (thrown) {
    const error = causeOfThrown(thrown)
    if (error instanceof MissingPrerequisite) return { missing: missingOf(error) }
    if (!isExpected(error)) throw error
    return { threw: firstLineOf(error) }
  }
}

/**
 * What says why, of what was thrown: where removing what was created threw as well, both are in one error, and the first
 * counts. An error of our own code counts before others, whichever came first.
 */
export function causeOfThrown(thrown: unknown): unknown {
  if (!(thrown instanceof Error && thrown.name === 'SuppressedError' && 'suppressed' in thrown)) return thrown
  const { error, suppressed } = thrown as Error & { readonly error?: unknown; readonly suppressed: unknown }
  const [first, then] = [causeOfThrown(suppressed), causeOfThrown(error)]
  return isExpected(first) && !isExpected(then) ? then : first
}

/** Errors of hosts, engines and connections, as against those of our own code. */
export function isExpected(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  if (error instanceof SwarmproofError) return true
  const { code, syscall, level } = error as NodeJS.ErrnoException & { level?: string }
  // Of node's sockets and files, and of ssh2.
  return (typeof code === 'string' && syscall !== undefined) || level?.startsWith('client-') === true
}
