import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { SeenFrame } from '../../lib/observation/frame.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { groupBy } from '../scene/judging/group-by.ts'

const udp = 17
const esp = 50

type Where = Pick<ClusterFacts, 'nodes' | 'dataPathPort'>

/**
 * Outer fragments of overlay traffic that left a node for another: of ESP, or of UDP to the data-path port. A fragment
 * behind the first has no port; it counts unless the first of its datagram shows another one.
 */
export function overlayFragments(frames: readonly SeenFrame[], { nodes, dataPathPort }: Where): SeenFrame[] {
  const peers = new Set(nodes.map(({ dataPath }) => dataPath.address))
  const fragments = frames.filter(
    ({ egress, outer }) =>
      egress &&
      outer?.fragment !== undefined &&
      peers.has(outer.destination) &&
      (outer.fragment.protocol === udp || outer.fragment.protocol === esp),
  )
  const foreign = new Set(
    fragments.filter((frame) => isFirstOfOthers(frame, dataPathPort)).map((frame) => datagram(frame)),
  )
  return fragments.filter((frame) => !foreign.has(datagram(frame)))
}

/** How many left each node for each other. */
export function fragmentProblems(
  fragments: readonly SeenFrame[],
  { nodes }: Pick<Where, 'nodes'>,
): Problem[] {
  const groups = groupBy(fragments, (frame) => `${frame.seenOn} ${frame.outer?.destination} ${kindOf(frame)}`)
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map((first): Problem => {
      const destination = first.outer?.destination ?? ''
      const to = nodes.find(({ dataPath }) => dataPath.address === destination)?.name ?? destination
      return {
        ...{ code: 'fragments-left', kind: 'seen', path: { from: first.seenOn, to } },
        ...{ node: first.seenOn, protocol: kindOf(first), observed: group.length },
      }
    }),
  )
}

function isFirstOfOthers({ outer, udp: ports }: SeenFrame, port: number): boolean {
  const { fragment } = outer ?? {}
  return fragment?.protocol === udp && fragment.offset === 0 && ports?.to !== port
}

function kindOf({ outer }: SeenFrame): string {
  return outer?.fragment?.protocol === esp ? 'ESP' : 'VXLAN'
}

function datagram({ seenOn, outer }: SeenFrame): string {
  const { source, destination, fragment } = outer ?? {}
  return `${seenOn} ${source} ${destination} ${fragment?.protocol} ${fragment?.id}`
}
