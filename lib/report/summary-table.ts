import { describePlaces } from '../observation/finding.ts'
import type { Finding, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import { requirementName } from './labs.ts'
import { text } from './markdown-text.ts'
import { explains, outcomeOf, outcomes, reasonOf } from './outcome.ts'
import type { ShownOutcome } from './outcome.ts'

const mostRows = 15
const mostCharacters = 240

/**
 * Two columns that fit a phone: what failed and why, then what could not be known, then how many were not reached,
 * were skipped, passed. Failures with one diagnosed cause share a row.
 */
export function summaryTable(record: RunRecord): string {
  const rows = [...failed(record), ...unknown(record)]
  const shown = rows.slice(0, mostRows)
  if (rows.length > mostRows) shown.push(row('…', `and ${rows.length - mostRows} more`))
  return [
    '| verdict | what was seen |',
    '|---|---|',
    ...shown,
    ...count(record, 'unreached', '·'),
    ...count(record, 'skip', '–'),
    ...count(record, 'pass', '✅'),
  ].join('\n')
}

function failed(record: RunRecord): string[] {
  const all = record.requirements.filter((requirement) => outcomeOf(requirement) === 'fail')
  const rest = new Set(all)
  const rows: string[] = []
  for (const finding of record.findings) {
    const own = [...rest].filter((requirement) => explains(finding, requirement))
    if (own.length === 0) continue
    for (const requirement of own) rest.delete(requirement)
    rows.push(row(`❌ ${named(record, own)}`, cause(finding)))
  }
  return [
    ...rows,
    ...[...rest].map((requirement) =>
      row(
        `❌ ${named(record, [requirement])}${requirement.advisory ? ' (advisory)' : ''}`,
        text(short(reasonOf(requirement))),
      ),
    ),
  ]
}

function cause(finding: Finding): string {
  const { title } = finding
  const hosts = describePlaces(finding)
  const where = hosts.length === 0 ? '' : ` (${hosts.slice(0, 4).join(', ')})`
  return `**Cause:** ${text(short(`${title}${where}`))}`
}

function unknown(record: RunRecord): string[] {
  return record.requirements
    .filter((requirement) => outcomeOf(requirement) === 'inconclusive')
    .map((requirement) => row(`❔ ${named(record, [requirement])}`, text(short(reasonOf(requirement)))))
}

function count(record: RunRecord, outcome: ShownOutcome, mark: string): string[] {
  const own = record.requirements.filter((requirement) => outcomeOf(requirement) === outcome)
  if (own.length === 0) return []
  const few = outcome !== 'pass' && own.length <= 6
  const names = few ? own.map((requirement) => text(requirementName(record, requirement))).join(', ') : ''
  return [row(`${mark} ${own.length} ${outcomes[outcome].word}`, names)]
}

function named(record: RunRecord, requirements: readonly RequirementRecord[]): string {
  return requirements.map((requirement) => `**${text(requirementName(record, requirement))}**`).join(', ')
}

/** Whole words; code that would be cut open loses its quotes. */
function short(value: string): string {
  if (value.length <= mostCharacters) return value
  const cut = value.slice(0, mostCharacters).replace(/\s+\S*$/, '')
  const open = (cut.match(/`/g)?.length ?? 0) % 2 === 1
  return `${open ? cut.replace(/`(?=[^`]*$)/, '') : cut} …`
}

const row = (left: string, right: string): string => `| ${left} | ${right} |`
