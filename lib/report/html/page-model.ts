import type {
  FailureRecord,
  Leftover,
  Finding,
  RequirementRecord,
  RunRecord,
} from '../../conformance/run-record.ts'
import { codeBeforeVersion3 } from '../../conformance/run-record-v2.ts'
import { summarizeRun } from '../../conformance/run-record.ts'
import { describePlaces, shortList, toldTogether, type ToldFinding } from '../../observation/finding.ts'
import { nodesOf } from '../../observation/problem.ts'
import { headlineOf, plural } from '../headline.ts'
import type { Headline } from '../headline.ts'
import {
  entryNoun,
  impairedLabs,
  labsTitle,
  repeats,
  sampledLabs,
  severalLabs,
  slowedLabs,
  versionsOf,
} from '../labs.ts'
import { explains, groupsOf, outcomeOf, outcomeOrder, outcomes, reasonOf } from '../outcome.ts'
import type { OutcomeStyle, ShownOutcome } from '../outcome.ts'
import { formatDuration, instant, labOrigin, runMilliseconds } from '../time.ts'
import { anchorOf } from './anchor.ts'
import { PageBudget, viewEvidence } from './evidence-view.ts'
import type { EvidenceView } from './evidence-view.ts'
import { relativeLink } from './link.ts'
import { labViews } from './lab-view.ts'
import type { LabSection } from './lab-view.ts'

export interface RequirementView {
  readonly id: string
  /** Empty in a run of one lab. */
  readonly lab: string
  readonly anchor: string
  readonly outcome: ShownOutcome
  readonly style: OutcomeStyle
  readonly sentence: string
  readonly reason: string
  readonly advisory: boolean
  readonly safety: string
  readonly source: readonly string[]
  readonly method: string
  readonly causes: readonly string[]
  readonly remedy: readonly string[]
  /** Nodes that the reason of a bad verdict names. */
  readonly hosts: readonly string[]
  readonly took: string
  readonly startedAt: string
  readonly evidence: readonly EvidenceView[]
  /** Some finding explains it. */
  readonly explained: boolean
}

/** Everything the template shows, already worded; the template only arranges. */
export interface PageModel {
  readonly headline: Headline
  readonly tone: 'fail' | 'inconclusive' | 'pass'
  readonly title: string
  readonly counts: readonly { outcome: ShownOutcome; style: OutcomeStyle; count: number }[]
  readonly facts: readonly { label: string; value: string; wide?: true }[]
  readonly reproduce: string
  readonly run: RunRecord
  /** Of the part with findings and what failed. */
  readonly findingsTitle: string
  readonly findings: readonly (ToldFinding & {
    readonly places: readonly string[]
    readonly on: string
    readonly ids: readonly { id: string; anchor: string; outcome: ShownOutcome }[]
    /** Runs of before version 3 had findings without codes. */
    readonly explainable: boolean
  })[]
  readonly groups: readonly { code: string; name: string; requirements: readonly RequirementView[] }[]
  readonly failed: readonly RequirementView[]
  readonly inconclusive: readonly RequirementView[]
  readonly skipped: readonly RequirementView[]
  readonly unreached: number
  readonly severalLabs: boolean
  readonly labs: readonly LabSection[]
  /** Requirements down, labs across, where requirements were verified on several. */
  readonly crossTable: readonly CrossRow[]
  readonly steps: readonly StepView[]
  readonly leftovers: readonly Leftover[]
  readonly failures: readonly (FailureRecord & {
    readonly on: string
    readonly text: string
    readonly href: string | undefined
  })[]
}

/** Of a requirement, by name. */
const mostHosts = 24

interface CrossRow {
  readonly id: string
  readonly sentence: string
  readonly advisory: boolean
  /** In the order of the labs. */
  readonly cells: readonly (RequirementView | undefined)[]
}

interface StepView {
  readonly what: string
  readonly lab: string
  readonly host: string
  readonly detail: string
  readonly failed: boolean
  readonly start: string
  readonly took: string
  readonly leftPercent: string
  readonly widthPercent: string
}

export function pageModel(record: RunRecord): PageModel {
  const headline = headlineOf(record)
  const { counts } = summarizeRun(record)
  const views = requirementViews(record)
  const pick = (outcome: ShownOutcome): RequirementView[] => views.filter((view) => view.outcome === outcome)
  return {
    headline,
    tone: { 'not conformant': 'fail', inconclusive: 'inconclusive', conformant: 'pass' }[
      headline.conclusion
    ] as PageModel['tone'],
    title: `${headline.title}: ${labsTitle(record)}, ${instant(record.startedAt)}`,
    counts: outcomeOrder
      .filter((outcome) => counts[outcome] > 0)
      .map((outcome) => ({ outcome, style: outcomes[outcome], count: counts[outcome] })),
    facts: facts(record),
    reproduce: record.reproduce,
    run: record,
    findingsTitle: isBrokenRun(record) ? 'What is broken' : 'Worth knowing',
    findings: toldTogether(record.findings).map((finding) => ({
      ...finding,
      on: severalLabs(record) ? finding.labs.join(', ') : '',
      places: describePlaces(finding),
      ids: finding.explains.flatMap((id) => explained(record, views, finding, id)),
      explainable: finding.code !== codeBeforeVersion3,
    })),
    groups: groupsOf(record.requirements).map(({ code, name, requirements }) => ({
      code,
      name,
      requirements: inIdOrder(requirements).map(
        (requirement) => views[record.requirements.indexOf(requirement)] as RequirementView,
      ),
    })),
    failed: pick('fail').sort((a, b) => Number(a.advisory) - Number(b.advisory)),
    inconclusive: pick('inconclusive'),
    skipped: pick('skip'),
    unreached: counts.unreached,
    severalLabs: severalLabs(record),
    labs: labViews(record),
    crossTable: repeats(record) ? crossTable(record, views) : [],
    steps: stepViews(record),
    leftovers: record.leftovers ?? [],
    failures: record.failures.map((failure) => ({
      ...failure,
      on: severalLabs(record) ? (failure.lab ?? '') : '',
      text: failure.log.join('\n'),
      href: failure.logSource === undefined ? undefined : relativeLink(failure.logSource),
    })),
  }
}

/** Evidence of bad verdicts is given its place on the page first. */
function requirementViews(record: RunRecord): RequirementView[] {
  const budget = new PageBudget()
  const rank = (requirement: RequirementRecord): number => outcomeOrder.indexOf(outcomeOf(requirement))
  const evidence = new Map(
    [...record.requirements]
      .sort((a, b) => rank(a) - rank(b))
      .map((requirement) => [requirement, viewEvidence(requirement.verdict?.evidence ?? [], budget)]),
  )
  return record.requirements.map((requirement) => {
    const outcome = outcomeOf(requirement)
    const reason = reasonOf(requirement)
    return {
      id: requirement.id,
      lab: severalLabs(record) ? requirement.lab : '',
      anchor: anchorOf(record, requirement),
      outcome,
      style: outcomes[outcome],
      sentence: requirement.requirement,
      reason: reason.length > 6000 ? `${reason.slice(0, 6000)}… (the rest is in run.json)` : reason,
      advisory: requirement.advisory,
      safety: requirement.safety,
      source: requirement.source.map(({ document, section }) =>
        section === undefined ? document : `${document}, ${section}`,
      ),
      method: requirement.method,
      causes: requirement.usualCauses,
      remedy: requirement.remedy,
      hosts:
        outcome === 'fail' || outcome === 'inconclusive'
          ? shortList([...new Set((requirement.verdict?.problems ?? []).flatMap(nodesOf))], mostHosts)
          : [],
      took: requirement.durationMs === undefined ? '' : formatDuration(requirement.durationMs),
      startedAt: requirement.startedAt === undefined ? '' : instant(requirement.startedAt),
      evidence: evidence.get(requirement) ?? [],
      explained: record.findings.some((finding) => explains(finding, requirement)),
    }
  })
}

/** What a finding explains, as links; one that is not in the run is left out. */
function explained(
  record: RunRecord,
  views: readonly RequirementView[],
  finding: Finding,
  id: string,
): { id: string; anchor: string; outcome: ShownOutcome }[] {
  return views.filter((view, index) => {
    const requirement = record.requirements[index]
    return view.id === id && requirement !== undefined && explains(finding, requirement)
  })
}

/** Verdicts of one requirement on several labs stand together. */
function inIdOrder(requirements: readonly RequirementRecord[]): RequirementRecord[] {
  const ids = [...new Set(requirements.map(({ id }) => id))]
  return ids.flatMap((id) => requirements.filter((requirement) => requirement.id === id))
}

function crossTable(record: RunRecord, views: readonly RequirementView[]): CrossRow[] {
  const ids = groupsOf(record.requirements).flatMap(({ requirements }) => [
    ...new Set(requirements.map(({ id }) => id)),
  ])
  return ids.map((id) => {
    const own = views.filter((view) => view.id === id)
    return {
      id,
      sentence: own[0]?.sentence ?? '',
      advisory: own[0]?.advisory ?? false,
      cells: record.labs.map(({ name }) => own.find(({ lab }) => lab === name)),
    }
  })
}

function facts(record: RunRecord): PageModel['facts'] {
  const [only] = record.labs
  const engines = versionsOf(record.labs, 'engineVersion').join(', ') || 'not reached'
  const times = [
    { label: 'Started', value: instant(record.startedAt) },
    { label: 'Took', value: formatDuration(runMilliseconds(record)) },
    { label: severalLabs(record) ? 'Docker engines' : 'Docker engine', value: engines },
  ]
  if (only === undefined || severalLabs(record)) {
    const names = record.labs.map((lab) => lab.name).join(', ')
    const count = plural(record.requirements.length, entryNoun(record))
    return [
      { label: 'Labs', value: `${record.labs.length}, ${count}` },
      ...times,
      { label: 'Verified on', value: names, wide: true },
      ...impairedFacts(record),
      ...sampledFacts(record),
      ...slowedFacts(record),
    ]
  }
  const nodes = plural(only.topology.nodes.length, 'node')
  return [
    { label: 'Topology', value: `${only.topology.name} (${nodes})` },
    ...times,
    { label: 'Lab', value: labOrigin(only), wide: true },
    ...impairedFacts(record),
    ...sampledFacts(record),
    ...slowedFacts(record),
  ]
}

function impairedFacts(record: RunRecord): PageModel['facts'] {
  const impaired = impairedLabs(record)
  return impaired === '' ? [] : [{ label: 'Impaired on purpose', value: impaired, wide: true }]
}

function sampledFacts(record: RunRecord): PageModel['facts'] {
  const sampled = sampledLabs(record)
  return sampled === '' ? [] : [{ label: 'A sample of pairs', value: sampled, wide: true }]
}

function slowedFacts(record: RunRecord): PageModel['facts'] {
  const slowed = slowedLabs(record)
  return slowed === '' ? [] : [{ label: 'Starved hosts', value: slowed, wide: true }]
}

function stepViews(record: RunRecord): StepView[] {
  const start = Date.parse(record.startedAt)
  const offset = (iso: string): number => Math.max(0, (Date.parse(iso) || start) - start)
  const total = Math.max(1, ...record.steps.map((step) => offset(step.startedAt) + step.durationMs))
  return record.steps.map((step) => ({
    what: step.what,
    lab: severalLabs(record) ? (step.lab ?? '') : '',
    host: step.host ?? '',
    detail: step.detail ?? '',
    failed: step.outcome === 'failed',
    start: `+${formatDuration(offset(step.startedAt))}`,
    took: formatDuration(step.durationMs),
    leftPercent: ((100 * offset(step.startedAt)) / total).toFixed(2),
    widthPercent: ((100 * step.durationMs) / total).toFixed(2),
  }))
}

function isBrokenRun({ findings, requirements }: RunRecord): boolean {
  return (
    findings.some(({ severity }) => severity === 'cause') ||
    requirements.some(({ verdict }) => verdict?.outcome === 'fail')
  )
}
