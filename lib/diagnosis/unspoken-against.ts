import type { ProblemCode } from '../observation/codes.ts'
import { isDroppedOtherwise, isOfNetfilter } from './kernel-drops.ts'
import type { LabView, Reported } from './lab-view.ts'
import { isForwardedBy } from './mesh-packets.ts'
import { isOfOwnMesh } from './own-mesh.ts'
import { meshRuleMissing } from './rules/mesh-rule-missing.ts'

/** Problems of published ports of which nothing else is known than a rule whose matches are not understood. */
export function unspokenAgainst<T extends { readonly problem: Reported }>(
  asked: readonly T[],
  node: string,
  lab: LabView,
): readonly T[] {
  if (asked.length === 0 || isDroppedOtherwise(lab, node, asked.length, isOfNetfilter)) return []
  const missing = meshRuleMissing.find(lab)
  const own = lab.everyProblem.filter((problem) => isOfOwnMesh(problem, node, lab))
  const isBehind = losesBehindMesh(lab)
  return asked.filter(({ problem }) =>
    problem.code.startsWith('outbound')
      ? problem.code !== 'outbound-lost'
      : !isBehind &&
        !missing.some(({ explains }) => explains?.(problem)) &&
        !own.some((one) => isOfMeshItself(one, problem, node, lab)),
  )
}

/** Requests that came through a node’s firewall end where tasks of other nodes are not reached. */
const losesBehindMesh = (lab: LabView): boolean =>
  lab.everyProblem.some(
    ({ code, network }) => behindMesh.includes(code) && lab.networkNamed(network)?.encrypted !== true,
  )

const behindMesh: readonly ProblemCode[] = ['not-delivered', 'data-never-left', 'data-lost-on-the-way']

/** The node itself is not answered either, or its tables are not as they should be: what is forwarded is not to blame. */
function isOfMeshItself(one: Reported, { port }: Reported, node: string, lab: LabView): boolean {
  return (
    one.requirement.startsWith('ING') &&
    !isForwardedBy(one, node, lab) &&
    (one.port === undefined || one.port === port)
  )
}
