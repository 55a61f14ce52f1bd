import type { FailureRecord, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import { summarize } from '../conformance/run-record.ts'
import { redact } from '../redact.ts'
import { headlineOf } from './headline.ts'
import { labsTitle, requirementName, severalLabs, versionsOf } from './labs.ts'
import { explains, groupsOf, outcomeOf, outcomeOrder, outcomes, reasonOf } from './outcome.ts'
import { printable } from './printable.ts'
import { redactRecord } from './redact-record.ts'
import { duration, instant, runMilliseconds } from './time.ts'

/** The run for the summary page of a job: one table that fits a phone, then what failed and what to do. */
export function renderMarkdown(stored: RunRecord): string {
  const record = redactRecord(stored)
  const headline = headlineOf(record)
  const icon = { conformant: '✅', 'not conformant': '❌', inconclusive: '❔' }[headline.conclusion]
  const engines = versionsOf(record.labs, 'engineVersion').join(', ') || 'not reached'
  const parts = [
    `## ${icon} ${text(headline.title)}`,
    text(headline.because),
    table(record),
    `${text(labsTitle(record))}, Docker ${text(engines)}, ${instant(record.startedAt)}, took ${duration(runMilliseconds(record))}`,
    ...labs(record),
    ...failures(record),
    ...findings(record),
    ...verdicts(record, 'fail', '### Failed'),
    ...verdicts(record, 'inconclusive', '### Could not be known'),
    ...skipped(record),
    `To do it again: ${code(record.reproduce)}`,
  ]
  return redact(`${parts.join('\n\n')}\n`)
}

/** Groups down, outcomes across; outcomes that nothing has are left out. */
function table(record: RunRecord): string {
  const { counts } = summarize(record)
  const shown = outcomeOrder.filter((outcome) => counts[outcome] > 0)
  const head = `| | ${shown.map((outcome) => `${outcomes[outcome].symbol} ${outcomes[outcome].word}`).join(' | ')} |`
  const rule = `|---|${shown.map(() => '--:|').join('')}`
  const rows = groupsOf(record.requirements).map(({ code, requirements }) => {
    const cells = shown.map((outcome) => {
      const count = requirements.filter((requirement) => outcomeOf(requirement) === outcome).length
      if (count === 0) return ''
      return outcome === 'fail' ? `**${count}**` : String(count)
    })
    return `| ${text(code)} | ${cells.join(' | ')} |`
  })
  const total = `| all | ${shown.map((outcome) => counts[outcome]).join(' | ')} |`
  return [head, rule, ...rows, total].join('\n')
}

/** Labs down, outcomes across. */
function labs(record: RunRecord): string[] {
  if (!severalLabs(record)) return []
  const { counts } = summarize(record)
  const shown = outcomeOrder.filter((outcome) => counts[outcome] > 0)
  const rows = record.labs.map((lab) => {
    const own = record.requirements.filter((requirement) => requirement.lab === lab.name)
    const cells = shown.map(
      (outcome) => own.filter((requirement) => outcomeOf(requirement) === outcome).length || '',
    )
    const engines = versionsOf([lab], 'engineVersion').join(', ') || 'not reached'
    const took = lab.durationMs === undefined ? '' : duration(lab.durationMs)
    return `| ${text(lab.name)} | ${lab.topology.nodes.length} | ${text(engines)} | ${took} | ${cells.join(' | ')} |`
  })
  const head = `| lab | nodes | Docker | took | ${shown.map((outcome) => outcomes[outcome].word).join(' | ')} |`
  return [[head, `|---|--:|---|--:|${shown.map(() => '--:|').join('')}`, ...rows].join('\n')]
}

function failures(record: RunRecord): string[] {
  return record.failures.flatMap((failure) => failureParts(record, failure))
}

function failureParts(record: RunRecord, failure: FailureRecord): string[] {
  const { step, lab, host, message, log, logSource } = failure
  const where = [host, severalLabs(record) ? lab : undefined].filter((name) => name !== undefined)
  return [
    `### The harness failed at ${code(step)}${where.length === 0 ? '' : ` on ${where.map(code).join(' of ')}`}`,
    fence(message),
    ...(log.length === 0
      ? []
      : [
          `Last lines of ${logSource === undefined ? 'the log' : code(logSource)}:`,
          fence(log.slice(-30).join('\n')),
        ]),
  ]
}

function findings(record: RunRecord): string[] {
  return record.findings.flatMap((finding) => {
    const about = [
      finding.requirements.length > 0 ? `Explains ${finding.requirements.map(text).join(', ')}.` : '',
      finding.hosts === undefined ? '' : `Where: ${finding.hosts.map(code).join(', ')}.`,
      finding.knownIssues === undefined ? '' : `Seen before: ${finding.knownIssues.map(issue).join(', ')}.`,
    ].filter((line) => line !== '')
    const on = severalLabs(record) && finding.lab !== undefined ? ` (${text(finding.lab)})` : ''
    return [`### ${text(finding.title)}${on}`, text(finding.cause), list(finding.remedy), about.join(' ')]
  })
}

function verdicts(record: RunRecord, outcome: 'fail' | 'inconclusive', title: string): string[] {
  const found = record.requirements.filter((requirement) => outcomeOf(requirement) === outcome)
  if (found.length === 0) return []
  return [title, ...found.slice(0, 40).map((requirement) => verdict(record, requirement)), ...andMore(found)]
}

function verdict(record: RunRecord, requirement: RequirementRecord): string {
  const advisory = requirement.advisory ? ' (advisory)' : ''
  const explained = record.findings.some((finding) => explains(finding, requirement))
  const lines = [
    `**${text(requirementName(record, requirement))}**${advisory} ${text(requirement.requirement)}`,
    text(reasonOf(requirement)),
  ]
  if (!explained && requirement.remedy.length > 0) lines.push(list(requirement.remedy))
  return lines.join('\n\n')
}

function skipped(record: RunRecord): string[] {
  const found = record.requirements.filter((requirement) => outcomeOf(requirement) === 'skip')
  if (found.length === 0) return []
  const rows = found
    .slice(0, 40)
    .map((requirement) => `- ${text(requirementName(record, requirement))}: ${text(reasonOf(requirement))}`)
  return [`<details><summary>Skipped</summary>\n\n${rows.join('\n')}\n\n</details>`, ...andMore(found)]
}

function andMore(found: readonly unknown[]): string[] {
  return found.length > 40 ? [`… and ${found.length - 40} more, see conformance.html`] : []
}

const list = (lines: readonly string[]): string => lines.map((line) => `- ${text(line)}`).join('\n')

/** Plain text in one line; what stands between backticks stays code, everything else loses its meaning to Markdown. */
function text(value: string): string {
  const line = printable(value.length > 1500 ? `${value.slice(0, 1499)}…` : value).replaceAll(
    /\s*\n\s*/g,
    ' ',
  )
  return line
    .split(/(`[^`]+`)/)
    .map((part, index) =>
      index % 2 === 1
        ? part.replaceAll('|', '\\|')
        : part
            .replaceAll('&', '&amp;')
            .replaceAll('<', '&lt;')
            .replaceAll(/[\\`*_[\]|#~]/g, '\\$&')
            // Neither people nor issues of the repository the summary is shown in.
            .replaceAll('@', '@\u200b'),
    )
    .join('')
}

/** `owner/name#1` becomes a link where Markdown is read on GitHub. */
const issue = (value: string): string => (/^[\w.-]+\/[\w.-]+#\d+$/.test(value) ? value : text(value))

/** A code span whose fence is longer than any run of backticks inside. */
function code(value: string): string {
  const line = printable(value).replaceAll(/\s*\n\s*/g, ' ')
  const ticks = '`'.repeat(longestRun(line) + 1)
  return line.includes('`') ? `${ticks} ${line} ${ticks}` : `${ticks}${line}${ticks}`
}

function fence(value: string): string {
  const body = printable(value.length > 4000 ? `…${value.slice(-4000)}` : value)
  const ticks = '`'.repeat(Math.max(3, longestRun(body) + 1))
  return `${ticks}text\n${body}\n${ticks}`
}

function longestRun(value: string): number {
  return Math.max(0, ...[...value.matchAll(/`+/g)].map(([run]) => run.length))
}
