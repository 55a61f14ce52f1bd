import type { Finding, RequirementRecord, RunRecord } from '../../conformance/run-record.ts'
import { summarize } from '../../conformance/run-record.ts'
import { headlineOf, plural } from '../headline.ts'
import type { Headline } from '../headline.ts'
import { groupsOf, outcomeOf, outcomeOrder, outcomes, reasonOf } from '../outcome.ts'
import type { OutcomeStyle, Reached } from '../outcome.ts'
import { duration, instant, labOrigin, runMilliseconds } from '../time.ts'
import { PageBudget, viewEvidence } from './evidence-view.ts'
import type { EvidenceView } from './evidence-view.ts'
import { relativeLink } from './link.ts'
import { topologyDrawing } from './topology-drawing.ts'

export interface RequirementView {
  readonly id: string
  readonly outcome: Reached
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
  readonly counts: readonly { outcome: Reached; style: OutcomeStyle; count: number }[]
  readonly facts: readonly { label: string; value: string; wide?: true }[]
  readonly reproduce: string
  readonly run: RunRecord
  readonly findings: readonly (Finding & { readonly ids: readonly { id: string; outcome: Reached }[] })[]
  readonly groups: readonly { code: string; name: string; requirements: readonly RequirementView[] }[]
  readonly failed: readonly RequirementView[]
  readonly inconclusive: readonly RequirementView[]
  readonly skipped: readonly RequirementView[]
  readonly unreached: number
  readonly drawing: string
  readonly versions: readonly { label: string; value: string }[]
  readonly steps: readonly StepView[]
  readonly failureLog: string
  readonly failureLogHref: string | undefined
}

interface StepView {
  readonly what: string
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
  const { counts } = summarize(record)
  const views = requirementViews(record)
  const pick = (outcome: Reached): RequirementView[] => views.filter((view) => view.outcome === outcome)
  return {
    headline,
    tone: { 'not conformant': 'fail', inconclusive: 'inconclusive', conformant: 'pass' }[
      headline.conclusion
    ] as PageModel['tone'],
    title: `${headline.title}: ${record.topology.name}, ${instant(record.startedAt)}`,
    counts: outcomeOrder
      .filter((outcome) => counts[outcome] > 0)
      .map((outcome) => ({ outcome, style: outcomes[outcome], count: counts[outcome] })),
    facts: facts(record),
    reproduce: record.reproduce,
    run: record,
    findings: record.findings.map((finding) => ({
      ...finding,
      ids: finding.requirements.map((id) => ({ id, outcome: outcomeById(views, id) })),
    })),
    groups: groupsOf(record.requirements).map(({ code, name, requirements }) => ({
      code,
      name,
      requirements: requirements.map(
        (requirement) => views[record.requirements.indexOf(requirement)] as RequirementView,
      ),
    })),
    failed: pick('fail').sort((a, b) => Number(a.advisory) - Number(b.advisory)),
    inconclusive: pick('inconclusive'),
    skipped: pick('skip'),
    unreached: counts.unreached,
    drawing: topologyDrawing(record),
    versions: versions(record),
    steps: stepViews(record),
    failureLog: record.failure?.log.join('\n') ?? '',
    failureLogHref:
      record.failure?.logSource === undefined ? undefined : relativeLink(record.failure.logSource),
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
      hosts: outcome === 'fail' || outcome === 'inconclusive' ? nodesNamed(record, reason) : [],
      took: requirement.durationMs === undefined ? '' : duration(requirement.durationMs),
      startedAt: requirement.startedAt === undefined ? '' : instant(requirement.startedAt),
      evidence: evidence.get(requirement) ?? [],
      explained: record.findings.some((finding) => finding.requirements.includes(requirement.id)),
    }
  })
}

function nodesNamed(record: RunRecord, text: string): string[] {
  return record.topology.nodes
    .map((node) => node.name)
    .filter((name) => new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w-]/g, '\\$&')}(?![\\w-])`).test(text))
}

function outcomeById(views: readonly RequirementView[], id: string): Reached {
  return views.find((view) => view.id === id)?.outcome ?? 'unreached'
}

function facts(record: RunRecord): PageModel['facts'] {
  const engines = unique(record.nodes.map((node) => node.engineVersion))
  return [
    { label: 'Topology', value: `${record.topology.name} (${plural(record.topology.nodes.length, 'node')})` },
    { label: 'Started', value: instant(record.startedAt) },
    { label: 'Took', value: duration(runMilliseconds(record)) },
    { label: 'Docker engine', value: engines.join(', ') || 'not reached' },
    { label: 'Lab', value: labOrigin(record), wide: true },
  ]
}

function versions(record: RunRecord): { label: string; value: string }[] {
  return [
    { label: 'swarmproof', value: record.swarmproofVersion },
    { label: 'Docker engine', value: perNode(record, (node) => node.engineVersion) },
    { label: 'Kernel', value: perNode(record, (node) => node.kernelRelease) },
    { label: 'Lab', value: labOrigin(record) },
    ...Object.entries(record.lab?.facts ?? {}).map(([label, value]) => ({ label, value })),
    { label: 'Data-path port', value: `UDP ${record.topology.swarm.dataPathPort}` },
    {
      label: 'Overlay clear',
      value: `${record.topology.stack.clear.subnet}, gateway ${record.topology.stack.clear.gateway}`,
    },
    {
      label: 'Overlay secret',
      value: `${record.topology.stack.secret.subnet}, gateway ${record.topology.stack.secret.gateway}, encrypted`,
    },
    { label: 'Published port', value: `TCP ${record.topology.stack.publishedPort}` },
    { label: 'Run', value: record.runId },
  ].filter(({ value }) => value !== '')
}

/** One version if all nodes agree, else each with its nodes: a mixed cluster is worth seeing. */
function perNode(record: RunRecord, version: (node: RunRecord['nodes'][number]) => string): string {
  const versions = unique(record.nodes.map(version))
  if (versions.length <= 1) return versions[0] ?? 'not reached'
  return versions
    .map((one) => {
      const names = record.nodes.filter((node) => version(node) === one).map((node) => node.name)
      return `${one} on ${names.join(', ')}`
    })
    .join('; ')
}

function stepViews(record: RunRecord): StepView[] {
  const start = Date.parse(record.startedAt)
  const offset = (iso: string): number => Math.max(0, (Date.parse(iso) || start) - start)
  const total = Math.max(1, ...record.steps.map((step) => offset(step.startedAt) + step.durationMs))
  return record.steps.map((step) => ({
    what: step.what,
    host: step.host ?? '',
    detail: step.detail ?? '',
    failed: step.outcome === 'failed',
    start: `+${duration(offset(step.startedAt))}`,
    took: duration(step.durationMs),
    leftPercent: ((100 * offset(step.startedAt)) / total).toFixed(2),
    widthPercent: ((100 * step.durationMs) / total).toFixed(2),
  }))
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
