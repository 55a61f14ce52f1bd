import type { FailureRecord, Leftover, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import type { Evidence } from '../conformance/verdict.ts'
import { fileFormat } from './format.ts'
import { describeEnd, headlineOf, plural } from './headline.ts'
import { labsTitle, severalLabs } from './labs.ts'
import { groupsOf, outcomeOf, reasonOf } from './outcome.ts'
import { escapeMarkup, printable } from '../printable.ts'
import { redactValue } from '../redact-value.ts'
import { runMilliseconds } from './time.ts'

/** For build servers. */
export const junit = fileFormat({
  id: 'junit',
  name: 'JUnit',
  describe: 'for build servers',
  file: 'junit.xml',
  render: renderJunit,
})

/**
 * The run as JUnit XML, one suite per requirement group and lab.
 *
 * | outcome | element |
 * |---|---|
 * | fail | `failure` |
 * | inconclusive | `error` |
 * | skip, unreached | `skipped` with the reason |
 * | advisory fail or inconclusive | `skipped`: a reader of JUnit turns red on anything else, and advisory requirements never decide |
 *
 * Unreached requirements are not forty errors: a suite `harness` has one errored case that says why the run did
 * not come to its end, with the log in `system-err`. So the file is red whenever the run is not conformant.
 */
export function renderJunit(stored: RunRecord): string {
  const record = redactValue(stored)
  const groups = record.labs.flatMap(({ name }) =>
    groupsOf(record.requirements.filter(({ lab }) => lab === name)).map(({ code, requirements }) =>
      suite(severalLabs(record) ? `${name}.${code}` : code, name, record, requirements.map(requirementCase)),
    ),
  )
  const harness = [...harnessCases(record), ...(record.leftovers ?? []).map(leftoverCase)]
  const suites =
    harness.length === 0 ? groups : [suite('harness', labsTitle(record), record, harness), ...groups]
  const total = totals(suites.map(({ counts }) => counts))
  const attributes = `${countAttributes(total)} time="${seconds(runMilliseconds(record))}"`
  const body = suites.map(({ xml }) => xml).join('\n')
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="swarmproof ${escapeMarkup(labsTitle(record))}" ${attributes}>\n${body}\n</testsuites>\n`
}

type Kind = 'failure' | 'error' | 'skipped' | 'passed'

interface TestCase {
  readonly name: string
  readonly kind: Kind
  readonly message: string
  readonly text: string
  readonly milliseconds: number
  readonly standardError: string
}

interface Counts {
  readonly tests: number
  readonly failures: number
  readonly errors: number
  readonly skipped: number
}

function requirementCase(requirement: RequirementRecord): TestCase {
  const outcome = outcomeOf(requirement)
  const reason = reasonOf(requirement)
  const advisory = requirement.advisory && (outcome === 'fail' || outcome === 'inconclusive')
  const kinds = {
    fail: 'failure',
    inconclusive: 'error',
    broken: 'error',
    skip: 'skipped',
    unreached: 'skipped',
    pass: 'passed',
  } as const
  return {
    name: `${requirement.id} ${requirement.requirement}`,
    kind: advisory ? 'skipped' : kinds[outcome],
    message: advisory ? `advisory, does not decide: ${outcome}: ${reason}` : reason,
    text: outcome === 'pass' || outcome === 'unreached' ? '' : details(requirement, reason),
    milliseconds: requirement.durationMs ?? 0,
    standardError: '',
  }
}

function details(requirement: RequirementRecord, reason: string): string {
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  - ${line}`)]
  return [
    reason,
    ...list('Usual causes:', requirement.usualCauses),
    ...list('What to do:', requirement.remedy),
    ...list(
      'Evidence (see conformance.html):',
      (requirement.verdict?.evidence ?? []).slice(0, 20).map(mention),
    ),
  ].join('\n')
}

function mention(piece: Evidence): string {
  if (piece.kind === 'packets') return `${piece.name}: ${plural(piece.packets, 'packet')} in ${piece.file}`
  if (piece.kind === 'observation') return piece.name
  const bound = piece.bound === undefined ? '' : ` (bound ${piece.bound} ${piece.unit})`
  return `${piece.name}: ${piece.value} ${piece.unit}${bound}`
}

/** Errored cases where the verdicts alone would look better than the run was: one for each failure, else one. */
function harnessCases(record: RunRecord): TestCase[] {
  const end = describeEnd(record)
  if (record.failures.length > 0) return record.failures.map((failure) => harnessCase(record, end, failure))
  const headline = headlineOf(record)
  const said = record.requirements.some(
    (requirement) => !requirement.advisory && ['fail', 'inconclusive'].includes(outcomeOf(requirement)),
  )
  if (end === '' && (headline.conclusion === 'conformant' || said)) return []
  return [harnessCase(record, end, undefined)]
}

function leftoverCase({ host, what, remove }: Leftover): TestCase {
  return {
    name: `harness / removing what was created / ${host}: ${what}`,
    kind: 'error',
    message: `not removed: ${what} (on ${host})`,
    text: `${what} of this run is still on ${host}.\nTo remove it: ${remove}`,
    milliseconds: 0,
    standardError: '',
  }
}

function harnessCase(record: RunRecord, end: string, failure: FailureRecord | undefined): TestCase {
  const several = severalLabs(record) && failure?.lab !== undefined
  const unreached = record.requirements.filter(
    (entry) => outcomeOf(entry) === 'unreached' && (!several || entry.lab === failure.lab),
  ).length
  const message =
    failure === undefined
      ? headlineOf(record).because
      : failure.message.split('\n')[0] || `${failure.step} failed`
  return {
    name: `harness / ${several ? `${failure.lab} / ` : ''}${failure?.step ?? 'run came to its end'}`,
    kind: 'error',
    message:
      failure?.host === undefined || message.includes(failure.host)
        ? message
        : `${message} (on ${failure.host})`,
    text: [
      failure?.message ?? end,
      unreached > 0 ? `${plural(unreached, 'requirement')} not reached.` : '',
      `Reproduce with: ${record.reproduce}`,
    ]
      .filter((line) => line !== '')
      .join('\n'),
    milliseconds: 0,
    standardError:
      failure === undefined
        ? ''
        : [failure.logSource === undefined ? '' : `last lines of ${failure.logSource}`, ...failure.log]
            .filter((line) => line !== '')
            .join('\n'),
  }
}

function suite(
  name: string,
  lab: string,
  record: RunRecord,
  cases: readonly TestCase[],
): { xml: string; counts: Counts } {
  const count = (kind: Kind): number => cases.filter((each) => each.kind === kind).length
  const counts = {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  }
  const time = seconds(cases.reduce((sum, each) => sum + each.milliseconds, 0))
  const started = Date.parse(record.startedAt)
  const timestamp = Number.isNaN(started)
    ? ''
    : ` timestamp="${new Date(started).toISOString().slice(0, 19)}"`
  const open = `  <testsuite name="${escapeMarkup(name)}" ${countAttributes(counts)} time="${time}"${timestamp} hostname="${escapeMarkup(lab)}">`
  return {
    xml: [open, ...cases.map((each) => caseXml(name, each)), '  </testsuite>'].join('\n'),
    counts,
  }
}

function caseXml(group: string, each: TestCase): string {
  const head = `    <testcase classname="swarmproof.${escapeMarkup(group)}" name="${attribute(each.name)}" time="${seconds(each.milliseconds)}"`
  if (each.kind === 'passed') return `${head}/>`
  const body = `<${each.kind} message="${attribute(each.message)}"${each.kind === 'skipped' ? '' : ` type="${each.kind === 'failure' ? 'NetworkFailure' : 'Inconclusive'}"`}>${escapeMarkup(clip(each.text))}</${each.kind}>`
  const log =
    each.standardError === ''
      ? ''
      : `\n      <system-err>${escapeMarkup(clip(each.standardError))}</system-err>`
  return `${head}>\n      ${body}${log}\n    </testcase>`
}

/** Attribute values lose line breaks in every parser: they are spoken as a slash. */
function attribute(text: string): string {
  const line = printable(text)
    .replaceAll(/\s*\n\s*/g, ' / ')
    .replaceAll('\t', ' ')
  return escapeMarkup(line.length > 1000 ? `${line.slice(0, 999)}…` : line)
}

function clip(text: string): string {
  return text.length > 60_000 ? `${text.slice(0, 60_000)}\n… (the rest is in run.json)` : text
}

function totals(all: readonly Counts[]): Counts {
  const sum = (key: keyof Counts): number => all.reduce((total, counts) => total + counts[key], 0)
  return { tests: sum('tests'), failures: sum('failures'), errors: sum('errors'), skipped: sum('skipped') }
}

function countAttributes(counts: Counts): string {
  return `tests="${counts.tests}" failures="${counts.failures}" errors="${counts.errors}" skipped="${counts.skipped}"`
}

function seconds(milliseconds: number): string {
  return (Number.isFinite(milliseconds) ? Math.max(0, milliseconds) / 1000 : 0).toFixed(3)
}
