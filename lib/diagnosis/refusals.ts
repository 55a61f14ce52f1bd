import { type EngineRefusal, refusalOf } from '../observation/engine-refusal.ts'
import type { LabView } from './lab-view.ts'

/** Services of which an engine refused tasks on a node for this reason, the run's own and an operator's. */
export function refusalsAt(lab: LabView, node: string, means: EngineRefusal): string[] {
  const own = (lab.facts?.refused ?? []).filter((task) => refusalOf(task.error) === means)
  const others = (lab.swarmObjects?.refused ?? []).filter((task) => task.means === means)
  return [...new Set([...own, ...others].filter((task) => task.node === node).map(({ service }) => service))]
}

/** Whether a requirement is inconclusive or skipped for what could not be seen at a node. */
export function unseenAt(lab: LabView, id: string, node: string | undefined): boolean {
  const verdict = lab.requirement(id)?.verdict
  if (verdict?.outcome !== 'inconclusive' && verdict?.outcome !== 'skip') return false
  return (
    node === undefined ||
    verdict.unseen.length === 0 ||
    verdict.unseen.some(({ nodes }) => nodes.includes(node))
  )
}
