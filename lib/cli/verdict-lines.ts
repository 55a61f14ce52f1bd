import { type RequirementRecord, type RunRecord, summarize } from '../conformance/run-record.ts'
import type { Outcome } from '../conformance/verdict.ts'
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

/** One line for a verdict, and its reason below unless it passed. */
export function verdictLines(requirement: RequirementRecord, style: Style): string {
  const { verdict } = requirement
  if (verdict === undefined) return ''
  const seconds = ((requirement.durationMs ?? 0) / 1000).toFixed(1)
  const mark = coloured(style, verdict.outcome, `${marks[verdict.outcome]} ${requirement.id}`)
  const advisory = requirement.advisory ? ' (advisory)' : ''
  const head = `${mark}  ${requirement.requirement}${advisory} ${style.dim(`${seconds} s`)}\n`
  if (verdict.outcome === 'pass') return `${head}${style.dim(indented(verdict.reason))}`
  return `${head}${coloured(style, verdict.outcome, indented(verdict.reason))}`
}

/** The end of a run: conclusion, counts, findings and where the report is. */
export function summaryLines(
  record: RunRecord,
  style: Style,
  where: readonly (readonly [string, string])[],
): string {
  const { conclusion, partial, counts } = summarize(record)
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
    ...brokenLines(record, style),
    ...(record.leftovers ?? []).map(
      ({ host, what, remove }) => `  ${style.red('not removed')}  ${what} on ${host}; do next: ${remove}`,
    ),
    ...record.findings.map((finding) => `  ${style.bold('likely')}    ${finding.title}: ${finding.cause}`),
    ...where.map(([label, value]) => `  ${style.dim(label.padEnd(8))}  ${value}`),
  ]
  return `${lines.join('\n')}\n`
}

function brokenLines(record: RunRecord, style: Style): string[] {
  const broken = record.requirements.filter(
    ({ verdict }) => verdict !== undefined && verdict.outcome !== 'pass',
  )
  const several = record.labs.length > 1
  return broken.map(({ id, lab, advisory, verdict }) => {
    const outcome = verdict?.outcome ?? 'inconclusive'
    const aside = advisory && outcome !== 'skip' ? ' (advisory, does not decide)' : ''
    const where = `${several ? ` (${lab})` : ''}${aside}`
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
