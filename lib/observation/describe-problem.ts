import { problemCodes } from './codes.ts'
import type { Reached } from './how-far.ts'
import type { Problem } from './problem.ts'

const most = 8

const reached: Readonly<Record<Reached, string>> = {
  sender: 'it was not seen leaving its host',
  wire: 'it left its host and did not come to the other',
  receiver: 'it came to the other host, and no answer left there',
  'way-back': 'an answer left the other host and did not come back',
  returned: 'an answer came back to its host',
}

/** What one problem is, without where: `br0 does not have the gateway’s address 10.0.0.1/24`. */
export function nameProblem(problem: Problem): string {
  return filledPhrase(problem).filled
}

function filledPhrase(problem: Problem) {
  const phrase: string = problemCodes[problem.code]
  const used = new Set<string>()
  const fields: Readonly<Record<string, string | number | undefined>> = {
    ...{ from: problem.path?.from, to: problem.path?.to, node: problem.node, network: problem.network },
    ...{ service: problem.service, protocol: problem.protocol, address: problem.address, port: problem.port },
    ...{ subject: problem.subject, expected: problem.expected, observed: problem.observed },
  }
  const filled = phrase.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    used.add(name)
    return String(fields[name] ?? 'unknown')
  })
  return { filled, fields, used }
}

/** One problem for people: where, what, expected and observed. The only place that words a problem. */
export function describeProblem(problem: Problem): string {
  const { filled, fields, used } = filledPhrase(problem)
  const where = [
    problem.via,
    used.has('from') || used.has('to') ? undefined : arrow(problem.ends ?? problem.path),
    used.has('node') || problem.path?.from === problem.node || problem.path?.to === problem.node
      ? undefined
      : problem.node,
    unlessUsed(used, fields, 'network'),
    unlessUsed(used, fields, 'service'),
    endpoint(problem, used),
    unlessUsed(used, fields, 'subject'),
  ].filter((word) => word !== undefined && word !== '')
  const figures = [
    used.has('expected') || problem.expected === undefined ? '' : `expected ${problem.expected}`,
    used.has('observed') || problem.observed === undefined ? '' : `observed ${problem.observed}`,
    problem.reached === undefined ? '' : reached[problem.reached],
  ].filter((word) => word !== '')
  return `${where.length > 0 ? `${where.join(', ')}: ` : ''}${filled}${figures.length > 0 ? ` (${figures.join(', ')})` : ''}`
}

/** Problems as the reason of a verdict: one sentence, or a list that says how many more there are. */
export function describeProblems(problems: readonly Problem[]): string {
  const [first, ...others] = problems.map(describeProblem)
  if (first === undefined) return ''
  if (others.length === 0) return first
  const lines = [first, ...others].slice(0, most).map((line) => `- ${line}`)
  if (problems.length > most) lines.push(`- and ${problems.length - most} more`)
  return `${problems.length} problems:\n${lines.join('\n')}`
}

function arrow(path: Problem['path']): string | undefined {
  return path === undefined ? undefined : `${path.from} → ${path.to}`
}

function endpoint({ protocol, address, port }: Problem, used: ReadonlySet<string>): string | undefined {
  const shown = [
    used.has('address') ? undefined : address,
    used.has('port') || port === undefined ? undefined : `port ${port}`,
    used.has('protocol') ? undefined : protocol,
  ].filter((word) => word !== undefined)
  return shown.length === 0 ? undefined : shown.join(' ')
}

function unlessUsed(
  used: ReadonlySet<string>,
  fields: Readonly<Record<string, string | number | undefined>>,
  name: string,
): string | undefined {
  const value = fields[name]
  return used.has(name) || value === undefined ? undefined : String(value)
}
