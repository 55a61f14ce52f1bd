import { compareVersions } from '../topology/engine.ts'
import type { KnownIssue, LabFeature } from './test.ts'

/** What is publicly known of the engines at hand, for the reason of a failure; empty if nothing is. */
export function knownIssueLines(
  issues: readonly KnownIssue[],
  engineVersions: readonly string[],
  features: ReadonlySet<LabFeature>,
): string[] {
  return issues.flatMap((issue) => {
    if (issue.lab !== undefined && !features.has(issue.lab)) return []
    const affected = [...new Set(engineVersions)].filter((version) => isIn(version, issue))
    return affected.length === 0
      ? []
      : [`known of engine ${affected.join(', ')}: ${issue.what} (${issue.issue})`]
  })
}

function isIn(version: string, { since, until }: KnownIssue): boolean {
  return (
    (since === undefined || compareVersions(version, since) >= 0) &&
    (until === undefined || compareVersions(version, until) < 0)
  )
}
