import type { Suite } from '../conformance/suite.ts'
import type { ConformanceTest, EngineRule, KnownIssue } from '../conformance/test.ts'
import type { Fault } from '../fault/fault.ts'

/** `docs/requirements.md`: every requirement as its literal says it. Written by `npm run docs`. */
export function requirementsPage(suites: readonly Suite[], faults: readonly Fault[]): string {
  const tests = suites.flatMap((suite) => suite.tests)
  const count = (what: (test: ConformanceTest) => boolean): number => tests.filter(what).length
  return [
    '# Requirements',
    '',
    'Generated from the literals in `suites/` by `npm run docs`; change them there.',
    '',
    `${tests.length} requirements: ${count((test) => test.safety === 'production')} are safe on a cluster in use, ${count((test) => test.safety === 'lab')} need a lab; ${count((test) => test.advisory === true)} are advisory and never decide the exit code.`,
    '',
    ...suites.flatMap((suite) => group(suite, faults)),
    ...knownIssues(tests),
  ].join('\n')
}

/** Public reports of engines, each with what it makes fail. */
function knownIssues(tests: readonly ConformanceTest[]): string[] {
  const issues = tests.flatMap(({ knownIssues: known = [] }) => known)
  const distinct = [...new Map(issues.map((issue) => [`${issue.issue} ${issue.what}`, issue])).values()]
  if (distinct.length === 0) return []
  const rows = distinct
    .toSorted((a, b) => compareIssues(a.issue, b.issue))
    .map((issue) => {
      const failing = tests.filter(({ knownIssues: known = [] }) =>
        known.some((one) => one.issue === issue.issue && one.what === issue.what),
      )
      return `| ${issue.issue} | ${enginesOf(issue)} | ${failing.map(({ id }) => id).join(', ')} | ${issue.what} |`
    })
  return [
    '## Known issues of engines',
    '',
    'A failure on one of these engines names the issue; it is a failure all the same.',
    '',
    '| issue | engines | requirements | what |',
    '| ----- | ------- | ------------ | ---- |',
    ...rows,
    '',
  ]
}

/** By number: `moby/moby#9999` before `moby/moby#34763`. */
function compareIssues(a: string, b: string): number {
  const [numberA, numberB] = [a, b].map((issue) => Number(/\d+$/.exec(issue)?.[0] ?? 0))
  return (numberA ?? 0) - (numberB ?? 0)
}

function group({ group: name, title, tests }: Suite, faults: readonly Fault[]): string[] {
  return [`## ${name}: ${title}`, '', ...tests.flatMap((test) => requirement(test, faults))]
}

function requirement(test: ConformanceTest, faults: readonly Fault[]): string[] {
  const planted = faults.filter(({ breaks }) => breaks.includes(test.id))
  const traits = [
    test.safety === 'lab' ? 'lab only' : 'production',
    ...(test.advisory ? ['advisory'] : []),
    ...(test.quick ? ['quick'] : []),
    ...(test.slow ? ['slow, only when named'] : []),
  ]
  return [
    `### ${test.id}`,
    '',
    `**${test.requirement}**`,
    '',
    test.method,
    '',
    `- Source: ${test.source.map(sourceText).join('; ')}`,
    `- Class: ${traits.join(', ')}`,
    ...(test.needs.length === 0 ? [] : [`- Needs: ${test.needs.join(', ')}`]),
    ...(test.byEngine ?? []).map(engineText),
    ...(test.knownIssues ?? []).map(issueText),
    planted.length > 0
      ? `- Faults that must make it fail: ${planted.map(({ name }) => `\`${name}\``).join(', ')}`
      : `- No fault is planted: ${test.unplantable ?? 'none is known'}`,
    '',
  ]
}

function sourceText({ document, section }: ConformanceTest['source'][number]): string {
  return section === undefined ? document : `${document}, “${section}”`
}

function engineText({ since, until, expected, source }: EngineRule): string {
  return `- Engines ${range(since, until)}: ${expected} (${sourceText(source)})`
}

function issueText(known: KnownIssue): string {
  return `- Known to fail on engines ${enginesOf(known)}: ${known.what} (${known.issue})`
}

function enginesOf({ engines = [{}], besideOthers, lab }: KnownIssue): string {
  const which = engines.map(({ since, until }) => range(since, until)).join(' and ')
  return `${which}${besideOthers ? ' beside others' : ''}${lab === undefined ? '' : `, on labs with ${lab}`}`
}

/** `from 23.0`, `before 23.0`, `from 20.10 to before 23.0`, `of every version`. */
export function range(since: string | undefined, until: string | undefined): string {
  if (since !== undefined && until !== undefined) return `from ${since} to before ${until}`
  if (since !== undefined) return `from ${since}`
  return until === undefined ? 'of every version' : `before ${until}`
}
