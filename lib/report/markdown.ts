import type { FailureRecord, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import { summarizeRun } from '../conformance/run-record.ts'
import { fileFormat } from './format.ts'
import type { Changes } from './history/changes.ts'
import { changeLines } from './history/wording.ts'
import { headlineOf } from './headline.ts'
import {
  impairedLabs,
  labsTitle,
  requirementName,
  sampledLabs,
  severalLabs,
  slowedLabs,
  versionsOf,
} from './labs.ts'
import { code, fence, issue, lines, list, text } from './markdown-text.ts'
import { explains, groupsOf, outcomeOf, outcomeOrder, outcomes, reasonOf } from './outcome.ts'
import { describePlaces, toldTogether } from '../observation/finding.ts'
import { printable } from '../printable.ts'
import { redactValue } from '../redact-value.ts'
import { summaryTable } from './summary-table.ts'
import { formatDuration, instant, runMilliseconds } from './time.ts'

/** For the summary page of a job. */
export const markdown = fileFormat({
  id: 'markdown',
  name: 'Markdown',
  describe: 'for the summary page of a job',
  file: 'summary.md',
  render: (record) => renderMarkdown(record),
})

export interface MarkdownOptions {
  /** What is different from the run before. */
  readonly changes?: Changes
  /** Where the whole report can be read. */
  readonly link?: string
  /** What the run ended with. */
  readonly exitCode?: number
}

/**
 * The run for the summary page of a job, to be read on a phone: what came of it, what is new, one table of what
 * failed and why, the link. All else is folded away below.
 */
export function renderMarkdown(stored: RunRecord, options: MarkdownOptions = {}): string {
  const record = redactValue(stored)
  const headline = headlineOf(record)
  const icon = { conformant: '✅', 'not conformant': '❌', inconclusive: '❔' }[headline.conclusion]
  const parts = [
    `## ${icon} ${text(headline.title)}`,
    text(headline.because),
    ...news(options.changes),
    ...record.failures.map((failure) => harnessFailure(record, failure)),
    ...leftovers(record),
    summaryTable(record),
    facts(record, options.exitCode),
    ...impaired(record),
    ...sampled(record),
    ...slowed(record),
    ...link(redactValue(options.link)),
    ...folded('What failed, and what to do', [
      ...findings(record),
      ...verdicts(record, 'fail', '### Failed'),
    ]),
    ...folded('Inconclusive', verdicts(record, 'inconclusive', '### Inconclusive')),
    ...folded('Skipped', skipped(record)),
    ...folded('Logs', record.failures.flatMap(log)),
    ...folded(severalLabs(record) ? 'By group and by lab' : 'By group', [groups(record), ...labs(record)]),
    `Reproduce with: ${code(record.reproduce)}`,
  ]
  return printable(`${parts.join('\n\n')}\n`)
}

function folded(title: string, parts: readonly string[]): string[] {
  return parts.length === 0 ? [] : [`<details><summary>${title}</summary>`, ...parts, '</details>']
}

/** One line each, the most urgent in bold. */
function news(changes: Changes | undefined): string[] {
  if (changes === undefined) return []
  const lines = changeLines(changes)
  return lines.length === 0
    ? []
    : [
        lines
          .map(({ kind, label, text: what }) =>
            kind === 'none' ? `- ${text(`${label} ${what}`)}` : `- **${text(label)}:** ${text(what)}`,
          )
          .join('\n'),
      ]
}

function link(address: string | undefined): string[] {
  return address !== undefined && /^https?:\/\/[^\s<>()]+$/.test(address)
    ? [`**[The whole report](${address})**`]
    : []
}

function facts(record: RunRecord, exitCode: number | undefined): string {
  const engines = versionsOf(record.labs, 'engineVersion').join(', ') || 'not reached'
  const took = formatDuration(runMilliseconds(record))
  const code = exitCode === undefined ? '' : `, exit code ${exitCode}${exitMeanings[exitCode] ?? ''}`
  return `${text(labsTitle(record))}, Docker ${text(engines)}, ${text(instant(record.startedAt))}, took ${took}${code}`
}

function impaired(record: RunRecord): string[] {
  const what = impairedLabs(record)
  return what === '' ? [] : [`**Impaired on purpose:** ${text(what)}`]
}

function sampled(record: RunRecord): string[] {
  const what = sampledLabs(record)
  return what === '' ? [] : [`**A sample of pairs:** ${text(what)}`]
}

function slowed(record: RunRecord): string[] {
  const what = slowedLabs(record)
  return what === '' ? [] : [`**Starved hosts:** ${text(what)}`]
}

/** So that 2 is not taken for 1. */
const exitMeanings: Readonly<Record<number, string>> = {
  0: ': conformant',
  1: ': not conformant, a requirement failed',
  2: ': inconclusive; no requirement failed, but not all could be known',
  70: ': the harness failed, not the network',
  130: ': interrupted',
}

/** Groups down, outcomes across; outcomes that nothing has are left out. */
function groups(record: RunRecord): string {
  const { counts } = summarizeRun(record)
  const shown = outcomeOrder.filter((outcome) => counts[outcome] > 0)
  const head = `| | ${shown.map((outcome) => `${outcomes[outcome].symbol} ${outcomes[outcome].word}`).join(' | ')} |`
  const rule = `|---|${shown.map(() => '--:|').join('')}`
  const rows = groupsOf(record.requirements).map(({ code: group, requirements }) => {
    const cells = shown.map((outcome) => {
      const count = requirements.filter((requirement) => outcomeOf(requirement) === outcome).length
      if (count === 0) return ''
      return outcome === 'fail' ? `**${count}**` : String(count)
    })
    return `| ${text(group)} | ${cells.join(' | ')} |`
  })
  const total = `| all | ${shown.map((outcome) => counts[outcome]).join(' | ')} |`
  return [head, rule, ...rows, total].join('\n')
}

/** Labs down, outcomes across. */
function labs(record: RunRecord): string[] {
  if (!severalLabs(record)) return []
  const { counts } = summarizeRun(record)
  const shown = outcomeOrder.filter((outcome) => counts[outcome] > 0)
  const rows = record.labs.map((lab) => {
    const own = record.requirements.filter((requirement) => requirement.lab === lab.name)
    const cells = shown.map(
      (outcome) => own.filter((requirement) => outcomeOf(requirement) === outcome).length || '',
    )
    const engines = versionsOf([lab], 'engineVersion').join(', ') || 'not reached'
    const took = lab.durationMs === undefined ? '' : formatDuration(lab.durationMs)
    return `| ${text(lab.name)} | ${lab.topology.nodes.length} | ${text(engines)} | ${took} | ${cells.join(' | ')} |`
  })
  const head = `| lab | nodes | Docker | took | ${shown.map((outcome) => outcomes[outcome].word).join(' | ')} |`
  return [[head, `|---|--:|---|--:|${shown.map(() => '--:|').join('')}`, ...rows].join('\n')]
}

function harnessFailure(record: RunRecord, { step, lab, host, message }: FailureRecord): string {
  const where = [host, severalLabs(record) ? lab : undefined].filter((name) => name !== undefined)
  const on = where.length === 0 ? '' : ` on ${where.map(code).join(' of ')}`
  return `### The harness failed at ${code(step)}${on}\n\n${fence(message)}`
}

function leftovers({ leftovers: left = [] }: RunRecord): string[] {
  if (left.length === 0) return []
  const lines = left.map(
    ({ host, what, remove }) => `- ${code(host)}: ${text(what)}. To remove it: ${code(remove)}`,
  )
  return [`### Not removed from the hosts\n\n${lines.join('\n')}`]
}

function log({ log: lines, logSource }: FailureRecord): string[] {
  if (lines.length === 0) return []
  return [
    `Last lines of ${logSource === undefined ? 'the log' : code(logSource)}:`,
    fence(lines.slice(-30).join('\n')),
  ]
}

function findings(record: RunRecord): string[] {
  return toldTogether(record.findings).flatMap((finding) => {
    const about = [
      finding.explains.length > 0 ? `Explains ${finding.explains.map(text).join(', ')}.` : '',
      describePlaces(finding).length === 0 ? '' : `Where: ${describePlaces(finding).map(code).join(', ')}.`,
      finding.knownIssues.length === 0 ? '' : `Seen before: ${finding.knownIssues.map(issue).join(', ')}.`,
    ].filter((line) => line !== '')
    const on = severalLabs(record) && finding.labs.length > 0 ? ` (${finding.labs.map(text).join(', ')})` : ''
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
  const parts = [
    `**${text(requirementName(record, requirement))}**${advisory} ${text(requirement.requirement)}`,
    lines(reasonOf(requirement)),
  ]
  if (!explained && requirement.remedy.length > 0) parts.push(list(requirement.remedy))
  return parts.join('\n\n')
}

function skipped(record: RunRecord): string[] {
  const found = record.requirements.filter((requirement) => outcomeOf(requirement) === 'skip')
  if (found.length === 0) return []
  const rows = found
    .slice(0, 40)
    .map((requirement) => `- ${text(requirementName(record, requirement))}: ${text(reasonOf(requirement))}`)
  return [rows.join('\n'), ...andMore(found)]
}

function andMore(found: readonly unknown[]): string[] {
  return found.length > 40 ? [`… and ${found.length - 40} more, see conformance.html`] : []
}
