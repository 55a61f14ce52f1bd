import { type ClusterFacts, type NodeFacts } from '../../lib/observation/facts.ts'
import { type PacketRef, refOf, type SeenFrame } from '../../lib/observation/frame.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { framesByPlace } from './frames-by-place.ts'

/** What became of the packets of one ordered pair of nodes. */
export interface Arrival {
  readonly from: string
  readonly to: string
  readonly left: number
  readonly arrived: number
  /** One that was seen on both sides, or one that only left. */
  readonly example: readonly PacketRef[]
}

/**
 * Follows packets from the data-path interface of each node to that of each other. Who sent one is told by who recorded
 * it leaving, and for whom by its outer destination; its outer source is not looked at, because it may be wrong.
 */
export function arrivals(
  facts: Pick<ClusterFacts, 'pairs'>,
  nodes: readonly NodeFacts[],
  frames: readonly SeenFrame[],
): Arrival[] {
  const seen = framesByPlace(frames, identityOf)
  return nodePairs(facts, nodes, ({ name }) => name).map(([from, to]) => {
    const left = seen.leaving(from.name, to.dataPath.address)
    const there = (frame: SeenFrame) => seen.arriving(to.name, identityOf(frame))
    const arrived = left.filter((frame) => there(frame) !== undefined)
    const [first] = arrived
    const received = first === undefined ? undefined : there(first)
    const example = first === undefined || received === undefined ? left.slice(0, 1) : [first, received]
    return {
      ...{ from: from.name, to: to.name, left: left.length, arrived: arrived.length },
      example: example.map(refOf),
    }
  })
}

/** The same on both sides for the same packet, different for different packets. */
function identityOf({ udp, esp, digest }: SeenFrame): string {
  return esp === undefined ? `${udp?.from} ${digest}` : `${esp.spi} ${esp.sequence}`
}

/** Who loses what; empty when something of every pair arrived. `protocol` is the outer one. */
export function lossProblems(found: readonly Arrival[], protocol: string, network: string): Problem[] {
  return found
    .filter(({ arrived }) => arrived === 0)
    .map(({ from, to, left }): Problem => {
      const where = { path: { from, to }, network, protocol, kind: 'missed' as const }
      return left === 0
        ? { ...where, code: 'data-never-left' }
        : { ...where, code: 'data-lost-on-the-way', expected: left }
    })
}

/** Nodes that have a task of the network. */
export function holders(facts: ClusterFacts, network: 'clear' | 'secret'): NodeFacts[] {
  const { name } = facts.networks[network]
  return facts.nodes.filter((node) =>
    facts.tasks.some((task) => task.node === node.name && task.endpoints[name] !== undefined),
  )
}
