import type { Reported } from './lab-view.ts'

/** What a node counted of packets that it lost: on their way in, on their way out, or either. */
export interface CountedLoss {
  readonly at: string
  readonly packets: number
  readonly way?: 'arriving' | 'leaving'
}

/** The node at which a probe, or the answer to it, arrived last; undefined where that was not followed, or it was lost between nodes. */
export function endOf({ reached, path }: Pick<Reported, 'reached' | 'path'>): string | undefined {
  if (reached === 'receiver') return path?.to
  return reached === 'returned' ? path?.from : undefined
}

/** Whether the node can have lost it, as far as it was followed. */
export function canEndAt(
  problem: Pick<Reported, 'reached' | 'path'>,
  { at, way }: Pick<CountedLoss, 'at' | 'way'>,
): boolean {
  const { reached, path } = problem
  if (reached === undefined) return true
  const arriving = endOf(problem) === at
  // What it asked never left it, or it was asked and its answer never left it.
  const leaving = (reached === 'sender' && path?.from === at) || (reached === 'receiver' && path?.to === at)
  return (way !== 'leaving' && arriving) || (way !== 'arriving' && leaving)
}
