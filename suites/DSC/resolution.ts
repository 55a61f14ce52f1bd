import type { Lookup } from '../scene/discovery.ts'
import { outcomeText } from '../scene/outcome.ts'
import { taskLabel } from '../scene/pair.ts'

/** How an answer differs from the addresses a name should resolve to, in words; undefined if it does not. */
export function resolutionProblem(lookup: Lookup, expected: ReadonlyMap<string, string>): string | undefined {
  const who = `${taskLabel(lookup.from)} asks for ${lookup.name}`
  const { answer } = lookup
  if (answer === undefined) return `${who}: ${outcomeText(lookup.observation)}`
  if (answer.rcode !== 'NOERROR') return `${who}: ${answer.rcode}`
  const wrong = differences(answer.addresses, expected)
  return wrong.length === 0 ? undefined : `${who}: ${wrong.join(', ')}`
}

/** `expected`: what each address is, by address. */
export function differences(answered: readonly string[], expected: ReadonlyMap<string, string>): string[] {
  const twice = [...new Set(answered.filter((address, index) => answered.indexOf(address) !== index))]
  return [
    ...[...expected]
      .filter(([address]) => !answered.includes(address))
      .map(([address, what]) => `${address} (${what}) is missing`),
    ...[...new Set(answered)]
      .filter((address) => !expected.has(address))
      .map((address) => `${address} should not be there`),
    ...twice.map((address) => `${address} is there twice`),
  ]
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
