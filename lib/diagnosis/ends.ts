import type { ProblemCode } from '../observation/codes.ts'
import type { Reached } from '../observation/how-far.ts'
import type { LabView, Reported } from './lab-view.ts'

/** What a node counted of packets that it lost: on their way in, on their way out, or either. */
export interface CountedLoss {
  readonly at: string
  readonly packets: number
  readonly way?: 'arriving' | 'leaving'
  /** Below the interface that is recorded: what arrives is not seen there, and what leaves is. */
  readonly beneath?: true
}

type Followed = Pick<Reported, 'reached' | 'path'> & { readonly code?: ProblemCode }

/** The codes by which requirements say that packets left one node and never came to the other. */
const lostBetweenNodes: readonly (ProblemCode | undefined)[] = [
  'data-lost-on-the-way',
  'gossip-lost-on-the-way',
]

/** Where it was seen last: followed, or said by the code itself. Undefined where neither tells. */
function reachedBy({ code, reached }: Followed): Reached | undefined {
  return lostBetweenNodes.includes(code) ? 'wire' : reached
}

/** The node at which a probe, or the answer to it, arrived last; undefined where that was not followed, or it was lost between nodes. */
export function endOf(problem: Followed): string | undefined {
  const reached = reachedBy(problem)
  if (reached === 'receiver') return problem.path?.to
  return reached === 'returned' ? problem.path?.from : undefined
}

/** Whether the node can have lost it, as far as it was followed. */
export function canEndAt(
  problem: Followed,
  { at, way, beneath }: Pick<CountedLoss, 'at' | 'way' | 'beneath'>,
): boolean {
  const { path } = problem
  const reached = reachedBy(problem)
  if (reached === undefined) return true
  if (beneath === true && (reached === 'wire' || reached === 'way-back')) {
    const isBack = reached === 'way-back'
    const [start, end] = isBack ? [path?.to, path?.from] : [path?.from, path?.to]
    return (way !== 'leaving' && end === at) || (way !== 'arriving' && start === at)
  }
  const arriving = endOf(problem) === at
  // What it asked never left it, or it was asked and its answer never left it.
  const leaving = (reached === 'sender' && path?.from === at) || (reached === 'receiver' && path?.to === at)
  return (way !== 'leaving' && arriving) || (way !== 'arriving' && leaving)
}

/**
 * Whether VXLAN or ESP of the problem’s two nodes is reported to be lost between them, in either direction, or gossip
 * where it is about what nodes say to each other; where it names no pair, of its node and any other. Then what counted
 * something else there tells nothing.
 */
export function isLostOnTheWay({ path, node, requirement }: Reported, lab: LabView): boolean {
  const ends = path === undefined ? [node] : [path.from, path.to]
  return lab.everyProblem.some(
    (one) =>
      lostBetweenNodes.includes(one.code) &&
      ends.every((end) => end !== undefined && [one.path?.from, one.path?.to].includes(end)) &&
      (one.code !== 'gossip-lost-on-the-way' || requirement.startsWith('CTL-')),
  )
}
