import { addressDifferences } from '../scene/address-differences.ts'
import type { Lookup } from '../scene/discovery.ts'
import { outcomeText } from '../scene/outcome.ts'
import { taskLabel } from '../scene/pair.ts'

/** How an answer differs from the addresses a name should resolve to, in words; undefined if it does not. */
export function resolutionProblem(lookup: Lookup, expected: ReadonlyMap<string, string>): string | undefined {
  const who = `${taskLabel(lookup.from)} asks for ${lookup.name}`
  const { answer } = lookup
  if (answer === undefined) return `${who}: ${outcomeText(lookup.observation)}`
  if (answer.rcode !== 'NOERROR') return `${who}: ${answer.rcode}`
  const wrong = addressDifferences(answer.addresses, expected)
  return wrong.length === 0 ? undefined : `${who}: ${wrong.join(', ')}`
}

/** What was answered, for evidence: one entry a task. */
export function summaryOf(lookups: readonly Lookup[]) {
  return lookups.map(({ from, name, answer, observation }) => ({
    task: taskLabel(from),
    name,
    ...(answer === undefined
      ? { outcome: observation.outcome }
      : { rcode: answer.rcode, addresses: [...answer.addresses].sort() }),
  }))
}
