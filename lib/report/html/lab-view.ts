import type { LabRecord, RunRecord } from '../../conformance/run-record.ts'
import { versionsOf } from '../labs.ts'
import { outcomeOf, outcomeOrder, outcomes } from '../outcome.ts'
import type { OutcomeStyle, ShownOutcome } from '../outcome.ts'
import { formatDuration, labOrigin } from '../time.ts'
import { topologyDrawing } from './topology-drawing.ts'

/** A lab as the page shows it. */
export interface LabSection {
  readonly name: string
  readonly description: string
  readonly nodes: number
  readonly engines: string
  readonly kernels: string
  readonly origin: string
  readonly took: string
  readonly counts: readonly { outcome: ShownOutcome; style: OutcomeStyle; count: number }[]
  readonly drawing: string
  readonly versions: readonly { label: string; value: string }[]
}

export function labViews(record: RunRecord): LabSection[] {
  return record.labs.map((lab) => {
    const own = record.requirements.filter((requirement) => requirement.lab === lab.name)
    const count = (outcome: ShownOutcome): number =>
      own.filter((requirement) => outcomeOf(requirement) === outcome).length
    return {
      name: lab.name,
      description: lab.topology.description,
      nodes: lab.topology.nodes.length,
      engines: versionsOf([lab], 'engineVersion').join(', ') || 'not reached',
      kernels: versionsOf([lab], 'kernelRelease').join(', ') || 'not reached',
      origin: labOrigin(lab),
      took: lab.durationMs === undefined ? '' : formatDuration(lab.durationMs),
      counts: outcomeOrder
        .filter((outcome) => count(outcome) > 0)
        .map((outcome) => ({ outcome, style: outcomes[outcome], count: count(outcome) })),
      drawing: topologyDrawing(lab),
      versions: versions(record, lab),
    }
  })
}

function versions(record: RunRecord, lab: LabRecord): { label: string; value: string }[] {
  const { swarm, stack } = lab.topology
  return [
    { label: 'swarmproof', value: record.swarmproofVersion },
    { label: 'Docker engine', value: perNode(lab, (node) => node.engineVersion) },
    { label: 'Kernel', value: perNode(lab, (node) => node.kernelRelease) },
    { label: 'Lab', value: labOrigin(lab) },
    ...Object.entries(lab.facts).map(([label, value]) => ({ label, value })),
    { label: 'Data-path port', value: `UDP ${swarm.dataPathPort}` },
    { label: 'Overlay clear', value: `${stack.clear.subnet}, gateway ${stack.clear.gateway}` },
    { label: 'Overlay secret', value: `${stack.secret.subnet}, gateway ${stack.secret.gateway}, encrypted` },
    { label: 'Published port', value: `TCP ${stack.publishedPort}` },
    { label: 'Run', value: record.runId },
  ].filter(({ value }) => value !== '')
}

/** One version if all nodes agree, else each with its nodes: a mixed cluster is worth seeing. */
function perNode(lab: LabRecord, version: (node: LabRecord['nodes'][number]) => string): string {
  const all = [...new Set(lab.nodes.map(version))]
  if (all.length <= 1) return all[0] ?? 'not reached'
  return all
    .map((one) => {
      const names = lab.nodes.filter((node) => version(node) === one).map((node) => node.name)
      return `${one} on ${names.join(', ')}`
    })
    .join('; ')
}
