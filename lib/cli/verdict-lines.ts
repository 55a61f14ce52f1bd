import { describeKnownIssue } from '../conformance/known-issues.ts'
import { type RequirementRecord, type RunRecord, summarizeRun } from '../conformance/run-record.ts'
import type { Outcome } from '../conformance/verdict.ts'
import { catalog } from '../diagnosis/catalog.ts'
import { toldTogether } from '../observation/finding.ts'
import { impairedLabs } from '../report/labs.ts'
import type { Style } from './terminal.ts'

const marks: Readonly<Record<Outcome, string>> = {
  pass: '✔',
  fail: '✘',
  skip: '–',
  inconclusive: '?',
  broken: '!',
}

function coloured(style: Style, outcome: Outcome, text: string): string {
  const paint = {
    pass: style.green,
    fail: style.red,
    skip: style.dim,
    inconclusive: style.yellow,
    broken: style.red,
  }[outcome]
  return paint(text)
}

/** One line for a verdict, and its reason below. */
export function verdictLines(requirement: RequirementRecord, style: Style): string {
  const { verdict } = requirement
  if (verdict === undefined) return ''
  const seconds = ((requirement.durationMs ?? 0) / 1000).toFixed(1)
  const mark = coloured(style, verdict.outcome, `${marks[verdict.outcome]} ${requirement.id}`)
  const advisory = requirement.advisory ? ' (advisory)' : ''
  const head = `${mark}  ${requirement.requirement}${advisory} ${style.dim(`${seconds} s`)}\n`
  if (verdict.outcome === 'pass') return `${head}${style.dim(indented(verdict.reason))}`
  const known = (requirement.knownIssues ?? []).map((issue) => indented(describeKnownIssue(issue)))
  return `${head}${coloured(style, verdict.outcome, indented(verdict.reason))}${known.join('')}`
}

/** The end of a run: conclusion, counts, findings and where the report is. */
export function summaryLines(
  record: RunRecord,
  style: Style,
  where: readonly (readonly [string, string])[],
): string {
  const { conclusion, partial, counts } = summarizeRun(record)
  const paint = { conformant: style.green, 'not conformant': style.red, inconclusive: style.yellow }[
    conclusion
  ]
  const ended = {
    'out-of-time': 'OUT OF TIME, ',
    interrupted: 'INTERRUPTED, ',
    'harness-failed': 'HARNESS FAILED, ',
    running: '',
    finished: '',
  }[record.state]
  const headline = style.bold(paint(`${ended}${conclusion.toUpperCase()}${partial ? ' (partial)' : ''}`))
  const unreached = counts.unreached > 0 ? `, ${counts.unreached} not reached` : ''
  const lines = [
    '',
    `${headline}  ${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped, ${counts.inconclusive} inconclusive${unreached}  in ${duration(record)}`,
    ...impairedLines(record, style),
    ...causeLines(record, style),
    ...brokenLines(record, style),
    ...(record.leftovers ?? []).map(
      ({ host, what, remove }) => `  ${style.red('not removed')}  ${what} on ${host}; do next: ${remove}`,
    ),
    ...where.map(([label, value]) => `  ${style.dim(label.padEnd(8))}  ${value}`),
  ]
  return `${lines.join('\n')}\n`
}

function impairedLines(record: RunRecord, style: Style): string[] {
  const impaired = impairedLabs(record)
  return impaired === '' ? [] : [`  ${style.yellow('impaired')}  on purpose: ${impaired}`]
}

/** Causes before anything else: what it is, what to type, what it explains. */
function causeLines(record: RunRecord, style: Style): string[] {
  const several = record.labs.length > 1
  return toldTogether(record.findings).flatMap(({ code, severity, title, remedy, explains, labs }) => {
    const word = severity === 'cause' ? style.bold(style.red('cause   ')) : style.bold('advice  ')
    const where = several && labs.length > 0 ? ` (${labs.join(', ')})` : ''
    const [first] = remedy
    const about = [
      ...(explains.length === 0 ? [] : [`explains ${explains.join(', ')}`]),
      // A stored run may hold codes of other versions.
      ...(catalog.some((entry) => entry.code === code) ? [`more: swarmproof explain ${code}`] : []),
    ]
    return [
      `  ${word}  ${style.bold(title)}${where}`,
      ...(first === undefined ? [] : [`              ${first}`]),
      ...(about.length === 0 ? [] : [style.dim(`              ${about.join('; ')}`)]),
    ]
  })
}

/** What did not pass and no cause explains; what one does was told in full when its verdict fell. */
function brokenLines(record: RunRecord, style: Style): string[] {
  const causes = record.findings.filter(({ severity }) => severity === 'cause')
  const isExplained = ({ id, lab }: RequirementRecord): boolean =>
    causes.some(
      (finding) => finding.explains.includes(id) && (finding.lab === undefined || finding.lab === lab),
    )
  const broken = record.requirements.filter(
    (requirement) =>
      requirement.verdict !== undefined &&
      requirement.verdict.outcome !== 'pass' &&
      !isExplained(requirement),
  )
  const several = record.labs.length > 1
  return broken.map(({ id, lab, advisory, verdict }) => {
    const outcome = verdict?.outcome ?? 'inconclusive'
    const aside = advisory && outcome !== 'skip' ? ' (advisory, does not decide)' : ''
    const unexplained = causes.length > 0 && outcome === 'fail' ? ' (not explained by the above)' : ''
    const where = `${several ? ` (${lab})` : ''}${aside}${unexplained}`
    return `  ${coloured(style, outcome, `${outcome.padEnd(8)}  ${id}`)}${where}  ${inOneLine(verdict?.reason ?? '')}`
  })
}

/** The first line of a reason; where that announces a list, with the first of it. */
function inOneLine(reason: string): string {
  const [first = '', second] = reason.split('\n')
  return second !== undefined && first.endsWith(':') ? `${first} ${second.replace(/^- /, '')}` : first
}

function duration(record: RunRecord): string {
  const endedAt = record.endedAt === undefined ? Date.now() : Date.parse(record.endedAt)
  const seconds = Math.round((endedAt - Date.parse(record.startedAt)) / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('')
}
