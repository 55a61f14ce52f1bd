import { isWithin } from '../topology/engine.ts'
import type { KnownIssue, LabFeature } from './test.ts'
import type { KnownIssueFound } from './verdict.ts'

/** What is publicly known of the engines at hand, of a failure; empty if nothing is. */
export function knownIssuesOf(
  issues: readonly KnownIssue[],
  engineVersions: readonly string[],
  features: ReadonlySet<LabFeature>,
): KnownIssueFound[] {
  return issues.flatMap((issue) => {
    if (issue.lab !== undefined && !features.has(issue.lab)) return []
    const versions = [...new Set(engineVersions)]
    const affected = versions.filter((version) => isWithin(version, issue.engines ?? []))
    const alone = affected.length === versions.length
    return affected.length === 0 || (issue.besideOthers === true && alone)
      ? []
      : [{ issue: issue.issue, engines: affected, what: issue.what }]
  })
}

/** For people. */
export function describeKnownIssue({ issue, engines, what }: KnownIssueFound): string {
  return `known of engine ${engines.join(', ')}: ${what} (${issue})`
}
