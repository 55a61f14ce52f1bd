import { isWithin } from '../topology/engine.ts'
import type { KnownIssue, LabFeature } from './test.ts'

/** What is publicly known of the engines at hand, for the reason of a failure; empty if nothing is. */
export function knownIssueLines(
  issues: readonly KnownIssue[],
  engineVersions: readonly string[],
  features: ReadonlySet<LabFeature>,
): string[] {
  return issues.flatMap((issue) => {
    if (issue.lab !== undefined && !features.has(issue.lab)) return []
    const versions = [...new Set(engineVersions)]
    const affected = versions.filter((version) => isWithin(version, issue.engines ?? []))
    const alone = affected.length === versions.length
    return affected.length === 0 || (issue.besideOthers === true && alone)
      ? []
      : [`known of engine ${affected.join(', ')}: ${issue.what} (${issue.issue})`]
  })
}
