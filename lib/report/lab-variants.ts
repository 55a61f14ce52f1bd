import type { LabRecord, RunRecord } from '../conformance/run-record.ts'
import { usualProvider } from '../host/provider-table.ts'
import { defaultEngine } from '../topology/engine.ts'

/**
 * The runs with labs of one name renamed where they differ: by their engines, `three-node@20.10`, and by what their
 * hosts are, `three-node@28.5-container`.
 */
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
  const parts = [engineOf(lab, same), originOf(lab, same)].filter((part) => part !== '')
  return parts.length === 0 ? lab.name : `${lab.name}@${parts.join('-')}`
}

/** What tells its engine from those of the others; empty where nothing does. */
function engineOf(lab: LabRecord, same: readonly LabRecord[]): string {
  const known = (labels: readonly string[]): Set<string> => new Set(labels.filter((text) => text !== ''))
  if (known(same.map(flavour)).size > 1) return flavour(lab) || defaultEngine
  return known(same.map(version)).size > 1 ? version(lab) : ''
}

/** The usual hosts go without saying where other labs of the name were made of something else. */
function originOf(lab: LabRecord, same: readonly LabRecord[]): string {
  const origins = new Set(same.flatMap(({ origin }) => origin ?? []))
  return origins.size < 2 || lab.origin === usualProvider.origin.id ? '' : (lab.origin ?? '')
}

/**
 * As the topology asks for, else as was found: `20.10`, `20.10+28.5` where the nodes' differ. Empty for a lab that asks
 * for none and never stood.
 */
function flavour({ topology, nodes }: LabRecord): string {
  const found = (name: string): string =>
    /^\d+\.\d+/.exec(nodes.find((node) => node.name === name)?.engineVersion ?? '')?.[0] ?? ''
  const members = topology.nodes.filter(({ role }) => role !== 'outsider')
  return joined(members.map(({ name, engine }) => engine ?? found(name)))
}

/** As was found, exactly; empty for a lab that never stood. */
function version({ nodes }: LabRecord): string {
  return joined(nodes.map(({ engineVersion }) => engineVersion))
}

function joined(values: readonly string[]): string {
  return [...new Set(values)]
    .filter((value) => value !== '')
    .sort()
    .join('+')
}
