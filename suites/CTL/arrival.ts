import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { orderedPairs } from '../scene/pair.ts'

/** A packet on the underlay, as one of the nodes recorded it. */
export interface Passing {
  readonly packet: Packet
  /** Name of the node that recorded it. */
  readonly seenOn: string
  readonly source: string
  readonly destination: string
  /** The same on both sides for the same packet, different for different packets. */
  readonly identity: string
}

/** What became of the packets of one ordered pair of nodes. */
export interface Arrival {
  readonly from: ClusterNode
  readonly to: ClusterNode
  readonly left: number
  readonly arrived: number
  /** One that was seen on both sides, or one that only left. */
  readonly example: readonly Packet[]
}

/** Follows packets from the data-path interface of each node to that of each other. */
export function arrivals(nodes: readonly ClusterNode[], passing: readonly Passing[]): Arrival[] {
  return orderedPairs(nodes).map(([from, to]) => {
    const between = passing.filter(
      ({ source, destination }) => source === from.dataPath.address && destination === to.dataPath.address,
    )
    const left = between.filter(({ seenOn }) => seenOn === from.host.name)
    const there = new Map(
      between.filter(({ seenOn }) => seenOn === to.host.name).map((one) => [one.identity, one.packet]),
    )
    const arrived = left.filter(({ identity }) => there.has(identity))
    const [first] = arrived
    const received = first === undefined ? undefined : there.get(first.identity)
    return {
      from,
      to,
      left: left.length,
      arrived: arrived.length,
      example:
        first === undefined || received === undefined
          ? left.slice(0, 1).map(({ packet }) => packet)
          : [first.packet, received],
    }
  })
}

/** Who loses what, in words; empty when something of every pair arrived. */
export function lossesOf(found: readonly Arrival[], what: string): string[] {
  return found
    .filter(({ arrived }) => arrived === 0)
    .map(({ from, to, left }) =>
      left === 0
        ? `${from.host.name} → ${to.host.name}: no ${what} ever left ${from.host.name}`
        : `${from.host.name} → ${to.host.name}: ${left} ${what}s left ${from.host.name}, none arrived at ${to.host.name}`,
    )
}
