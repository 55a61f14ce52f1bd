import type { LabRecord, RunRecord } from '../conformance/run-record.ts'
import { defaultEngine } from '../topology/engine.ts'

/** The runs with labs of one name renamed by their engines, `three-node@20.10`, where those differ. */
export function labVariants(runs: readonly RunRecord[]): RunRecord[] {
  const labs = runs.flatMap((run) => run.labs)
  return runs.map((run) => {
    const names = new Map(run.labs.map((lab) => [lab.name, variantName(lab, labs)]))
    const named = <T extends { readonly lab?: string }>(entry: T): T =>
      entry.lab === undefined ? entry : { ...entry, lab: names.get(entry.lab) ?? entry.lab }
    return {
      ...run,
      labs: run.labs.map((lab) => ({ ...lab, name: variantName(lab, labs) })),
      requirements: run.requirements.map(named),
      steps: run.steps.map(named),
      failures: run.failures.map(named),
    }
  })
}

function variantName(lab: LabRecord, all: readonly LabRecord[]): string {
  const same = all.filter(({ name }) => name === lab.name)
  if (new Set(same.map(flavour)).size > 1) return `${lab.name}@${flavour(lab)}`
  const versions = new Set(same.map(version).filter((text) => text !== ''))
  return versions.size > 1 && version(lab) !== '' ? `${lab.name}@${version(lab)}` : lab.name
}

/** As the topology asks for: `20.10`, `20.10+28.5` where the nodes' differ. */
function flavour({ topology }: LabRecord): string {
  return joined(topology.nodes.map(({ engine }) => engine ?? defaultEngine))
}

/** As was found; empty for a lab that never stood. */
function version({ nodes }: LabRecord): string {
  return joined(nodes.map(({ engineVersion }) => engineVersion))
}

function joined(values: readonly string[]): string {
  return [...new Set(values)].sort().join('+')
}
