import type { Neighbour } from '../observe/host-state.ts'
import type { LabView } from './lab-view.ts'
import { nodesRead, statesOf } from './meanwhile.ts'

/** A node asked for the hardware address of that one and nobody answered. */
export function isUnanswered(lab: LabView, node: string, address: string): boolean {
  return neighboursOf(lab, node, address).some(isFailed)
}

/** Whether any node beside this one has the hardware address of that address. */
export function isAnsweredToAny(lab: LabView, but: string, address: string): boolean {
  return nodesRead(lab).some(
    (other) =>
      other !== but &&
      neighboursOf(lab, other, address).some((one) => one.mac !== undefined && !isFailed(one)),
  )
}

/** What a node’s own neighbour table says of an address. */
function neighboursOf(lab: LabView, node: string, address: string): readonly Neighbour[] {
  const [state] = statesOf(lab, node)
  return (state?.root.neighbours ?? []).filter((neighbour) => neighbour.address === address)
}

const isFailed = ({ state }: Neighbour): boolean => state === 'FAILED' || state === 'INCOMPLETE'
