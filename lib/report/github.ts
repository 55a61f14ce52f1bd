import type { FailureRecord, Leftover, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import { redact } from '../redact.ts'
import { describeEnd, headlineOf, plural } from './headline.ts'
import { html } from './html.ts'
import { requirementName } from './labs.ts'
import { explains, outcomeOf, reasonOf } from './outcome.ts'
import { printable } from '../printable.ts'
import { redactValue } from '../redact-value.ts'

/** A file of the workspace, its path relative to it. */
export interface FileLine {
  readonly file: string
  /** From 1. */
  readonly line: number
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
  readonly place?: FileLine
}

/** Where a requirement is to be pointed at; undefined where the workspace has no such place. */
export type PlaceOf = (requirement: RequirementRecord) => FileLine | undefined

/** GitHub shows ten annotations of a kind from one step and silently drops the others. */
const shownPerLevel = 10

const longestMessage = 1500

/**
 * What a run has to say at once: why it could not go on and what failed as errors, what could not be known and
 * advisory failures as warnings, that something was skipped as one notice.
 */
export function annotationsOf(stored: RunRecord, placeOf: PlaceOf): Annotation[] {
  const record = redactValue(stored)
  const by = (wanted: ReturnType<typeof outcomeOf>): RequirementRecord[] =>
    record.requirements.filter((requirement) => outcomeOf(requirement) === wanted)
  const failed = by('fail')
  const skipped = by('skip')
  const end = describeEnd(record)
  return [
    ...record.failures.map(harnessFailure),
    ...(record.leftovers ?? []).map(notRemoved),
    ...(record.failures.length === 0 && end !== ''
      ? [{ level: 'error', title: 'The run did not come to its end', message: end } as const]
      : []),
    ...failed
      .filter(({ advisory }) => !advisory)
      .map((one) => verdict(record, one, 'error', 'failed', placeOf)),
    ...failed
      .filter(({ advisory }) => advisory)
      .map((one) => verdict(record, one, 'warning', 'failed, advisory', placeOf)),
    ...by('inconclusive').map((one) => verdict(record, one, 'warning', 'inconclusive', placeOf)),
    ...(skipped.length === 0
      ? []
      : [
          {
            level: 'notice',
            title: 'The report is partial',
            message: `${plural(skipped.length, 'requirement')} skipped: ${names(record, skipped)}`,
          } as const,
        ]),
  ]
}

function harnessFailure({ step, host, message }: FailureRecord): Annotation {
  return {
    level: 'error',
    title: `The harness failed at '${step}'${host === undefined ? '' : ` on ${host}`}`,
    message,
  }
}

function notRemoved({ host, what, remove }: Leftover): Annotation {
  return {
    level: 'error',
    title: `Not removed from ${host}: ${what}`,
    message: `The run created it and could not remove it.\nWhat to do: ${remove}`,
  }
}

function verdict(
  record: RunRecord,
  requirement: RequirementRecord,
  level: Annotation['level'],
  word: string,
  placeOf: PlaceOf,
): Annotation {
  const finding = record.findings.find((one) => explains(one, requirement))
  const remedy = finding === undefined ? requirement.remedy[0] : finding.remedy[0]
  const place = placeOf(requirement)
  return {
    level,
    title: `${requirementName(record, requirement)} ${word}`,
    message: [
      requirement.requirement,
      reasonOf(requirement),
      ...(finding === undefined ? [] : [`Cause: ${finding.title}`]),
      ...(word === 'inconclusive' || remedy === undefined ? [] : [`What to do: ${remedy}`]),
    ].join('\n'),
    ...(place === undefined ? {} : { place }),
  }
}

/** At most ten of a level: of more the last one names all the others. */
export function bounded(annotations: readonly Annotation[]): Annotation[] {
  return (['error', 'warning', 'notice'] as const).flatMap((level) => {
    const all = annotations.filter((annotation) => annotation.level === level)
    if (all.length <= shownPerLevel) return all
    const others = all.slice(shownPerLevel - 1)
    return [
      ...all.slice(0, shownPerLevel - 1),
      { level, title: `${others.length} more`, message: others.map(({ title }) => title).join('\n') },
    ]
  })
}

/** `::error title=ENC-01 failed,file=suites/ENC/enc-01-only-esp.ts,line=9::what was seen`, one line whatever was seen. */
export function workflowCommand({ level, title, message, place }: Annotation): string {
  const properties = {
    title,
    ...(place === undefined ? {} : { file: place.file, line: String(place.line) }),
  }
  const written = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`)
  const text = message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message
  return `::${level} ${written.join(',')}::${escapeData(redact(text))}`
}

/** As the runner decodes it; everything else that is no visible character is written as `\u001b`. */
export function escapeData(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** What later steps of a job can ask for. `exitCode` is that of the run, not of the report. */
export function githubOutputs(record: RunRecord, folder: string, exitCode: number): Record<string, string> {
  const { conclusion, partial } = headlineOf(record)
  const count = (wanted: ReturnType<typeof outcomeOf>): string =>
    String(record.requirements.filter((requirement) => outcomeOf(requirement) === wanted).length)
  return {
    outcome: conclusion,
    partial: String(partial),
    'exit-code': String(exitCode),
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
    inconclusive: count('inconclusive'),
    'not-reached': count('unreached'),
    'run-id': record.runId,
    folder,
    report: `${folder}/${html.file}`,
  }
}

/** Lines for `$GITHUB_OUTPUT`. A value cannot begin a line of its own, so it cannot set another output. */
export function outputLines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value.replaceAll(/[\r\n]+/g, ' ')}\n`)
    .join('')
}

function names(record: RunRecord, requirements: readonly RequirementRecord[]): string {
  const shown = requirements.slice(0, 30).map((requirement) => requirementName(record, requirement))
  return shown.join(', ') + (requirements.length > 30 ? ', …' : '')
}
