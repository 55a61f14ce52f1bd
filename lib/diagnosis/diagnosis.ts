import type { LabRecord, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import { reportName } from '../observation/catalog-entry.ts'
import { type Finding, shortList } from '../observation/finding.ts'
import { type Joinable, joinAlike, joinGenerations } from './alike.ts'
import { canEndAt } from './ends.ts'
import { LabView, type ReadObservation } from './lab-view.ts'
import type { Draft, Rule } from './rule.ts'
import { rules } from './rule-table.ts'

/**
 * Problems → causes, known issues, what to do. Pure: the same record and observations give the same findings. The cause
 * comes first: rules are asked in order of gravity, and what one explained the next does not see, so that a consequence
 * is no finding of its own and two causes are two.
 */
export function diagnose(record: RunRecord, read: ReadObservation = () => undefined): Finding[] {
  const found = record.labs.flatMap((lab) => {
    const all = record.requirements.filter((entry) => entry.lab === lab.name)
    return joinGenerations(
      generationsOf(all).flatMap(([generation, requirements]) =>
        findingsOf(new LabView(lab, generation, requirements, all, read), rules, lab),
      ),
    )
  })
  return causesFirst(found)
}

/** For tests of a rule by itself. */
export function findingsOf(view: LabView, applied: readonly Rule[], lab: LabRecord): Finding[] {
  const found: Found[] = []
  const takeWhatFollows = (): void => {
    for (const one of found) {
      const { follows } = one
      if (follows === undefined) continue
      const taken = view.problems().filter(follows)
      view.explain(taken)
      const { explains } = one.finding
      one.finding = {
        ...one.finding,
        explains: [...new Set([...explains, ...taken.map(({ requirement }) => requirement)])],
      }
    }
  }
  for (const rule of applied) {
    if (rule.ofTheRest === true) takeWhatFollows()
    for (const draft of rule.find(view)) found.push(...finished(rule, draft, view, lab))
  }
  takeWhatFollows()
  return causesFirst(joinAlike(found, lab.nodes))
}

/** What is worth knowing besides comes behind what is broken, whichever rule was asked first, and on whichever lab. */
function causesFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => Number(a.severity === 'advice') - Number(b.severity === 'advice'))
}

interface Found extends Joinable, Pick<Draft, 'follows'> {
  finding: Finding
}

/** Lines of evidence; of a pair of nodes each, more are a wall. All that was observed is in the run. */
const mostProof = 24

/** A cause that explains nothing any more is none. */
function finished(rule: Rule, draft: Draft, view: LabView, lab: LabRecord): Found[] {
  const {
    alike,
    explains,
    follows,
    accountsFor,
    counted,
    severity = rule.severity[0],
    reports = rule.reports,
    ...parts
  } = draft
  const explained = view
    .problems()
    .filter(
      (problem) => explains?.(problem) === true && (counted === undefined || canEndAt(problem, counted)),
    )
  if (counted !== undefined && counted.packets < explained.length) return []
  view.explain(explained)
  const others =
    accountsFor === undefined ? [] : view.notPassed.map(({ id }) => id).filter((id) => accountsFor(id))
  const ids = [...new Set([...explained.map(({ requirement }) => requirement), ...others])]
  if (severity === 'cause' && ids.length === 0) return []
  const times = timesOf(view, ids)
  const finding = {
    ...{ code: rule.code, severity, lab: lab.name, generation: view.generation, ...times },
    ...{ nodes: [], pairs: [], networks: [], proof: [] },
    ...parts,
    ...(parts.proof === undefined ? {} : { proof: shortList(parts.proof, mostProof) }),
    knownIssues: reports.map(reportName),
    explains: ids,
  }
  return [
    { finding, ...(alike === undefined ? {} : { alike }), ...(follows === undefined ? {} : { follows }) },
  ]
}

/** When what a finding rests on was observed. */
function timesOf(view: LabView, ids: readonly string[]): Pick<Finding, 'from' | 'until'> {
  const attempts = ids.flatMap((id) => view.requirement(id)?.attempts?.at(-1) ?? [])
  if (attempts.length === 0) return {}
  const starts = attempts.map(({ startedAt }) => Date.parse(startedAt))
  const ends = attempts.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs)
  return {
    from: new Date(Math.min(...starts)).toISOString(),
    until: new Date(Math.max(...ends)).toISOString(),
  }
}

/** Requirements by the generation their last attempt was made in, the earliest first. */
function generationsOf(requirements: readonly RequirementRecord[]): [number, readonly RequirementRecord[]][] {
  const groups = new Map<number, RequirementRecord[]>()
  for (const requirement of requirements) {
    const generation = requirement.attempts?.at(-1)?.generation ?? 0
    groups.set(generation, [...(groups.get(generation) ?? []), requirement])
  }
  return [...groups].sort(([a], [b]) => a - b)
}

/** Requirements that do not hold and that no finding accounts for. */
export function unexplained(record: Pick<RunRecord, 'requirements' | 'findings'>): RequirementRecord[] {
  return record.requirements.filter(
    ({ id, lab, verdict }) =>
      verdict?.outcome === 'fail' &&
      !record.findings.some(
        (finding) => finding.explains.includes(id) && (finding.lab === undefined || finding.lab === lab),
      ),
  )
}
