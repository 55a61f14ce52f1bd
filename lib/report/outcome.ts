import { groupTitle } from '../conformance/group-titles.ts'
import type { Outcome } from '../conformance/verdict.ts'
import type { Finding, RequirementRecord } from '../conformance/run-record.ts'

/** A stored requirement may also never have been reached. */
export type Reached = Outcome | 'unreached'

/** How an outcome is shown: never by colour alone. */
export interface OutcomeStyle {
  readonly symbol: string
  readonly word: string
  readonly meaning: string
}

export const outcomes: Readonly<Record<Reached, OutcomeStyle>> = {
  fail: { symbol: '✗', word: 'failed', meaning: 'the network did not do what is required' },
  inconclusive: { symbol: '?', word: 'inconclusive', meaning: 'the harness could not know' },
  broken: { symbol: '!', word: 'broken', meaning: 'an error in swarmproof itself' },
  unreached: { symbol: '·', word: 'not reached', meaning: 'the run ended before it' },
  skip: { symbol: '–', word: 'skipped', meaning: 'a named feature is missing' },
  pass: { symbol: '✓', word: 'passed', meaning: 'the network does what is required' },
}

/** Worst first. */
export const outcomeOrder = Object.keys(outcomes) as readonly Reached[]

export function outcomeOf(requirement: RequirementRecord): Reached {
  return requirement.verdict?.outcome ?? 'unreached'
}

export const reasonOf = (requirement: RequirementRecord): string =>
  requirement.verdict?.reason ?? 'The run ended before this requirement was reached.'

/** Whether a finding is about this requirement on its lab. */
export function explains(finding: Finding, requirement: RequirementRecord): boolean {
  return (
    finding.explains.includes(requirement.id) &&
    (finding.lab === undefined || finding.lab === requirement.lab)
  )
}

export interface RequirementGroup {
  /** e.g. `CTL`. */
  readonly code: string
  readonly name: string
  readonly requirements: readonly RequirementRecord[]
}

/** Requirements by the part of their id before the dash, in the order of the run. */
export function groupsOf(requirements: readonly RequirementRecord[]): readonly RequirementGroup[] {
  const groups = new Map<string, RequirementRecord[]>()
  for (const requirement of requirements) {
    const code = requirement.id.split('-')[0] ?? requirement.id
    groups.set(code, [...(groups.get(code) ?? []), requirement])
  }
  return [...groups].map(([code, members]) => ({
    code,
    name: groupTitle(code),
    requirements: members,
  }))
}
