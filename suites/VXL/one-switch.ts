import type { SeenFrame } from '../../lib/observation/frame.ts'
import type { Problem } from '../../lib/observation/problem.ts'

/** A task as its network knows it. */
export interface Station {
  readonly label: string
  /** Name of its node. */
  readonly node: string
  readonly address: string
  readonly mac: string
}

/** What a sender sets out with: Linux 64, others 128 or 255. A router on the way leaves one less. */
const initialTtls: readonly number[] = [64, 128, 255]

/** Whether a frame is an echo, or its reply, between two of these tasks; others balancers may have translated. */
export function isEchoBetween({ inner }: SeenFrame, stations: ReadonlyMap<string, Station>): boolean {
  const ip = inner?.ip
  return (
    ip !== undefined && inner?.icmp !== undefined && stations.has(ip.source) && stations.has(ip.destination)
  )
}

/**
 * What is not as on one switch: the frame must go from the sender’s own MAC to the target’s own, and no router may have
 * taken a hop off its TTL.
 */
export function switchProblems(
  { inner, seenOn }: SeenFrame,
  stations: ReadonlyMap<string, Station>,
  network: string,
): Problem[] {
  const [from, to] = [stations.get(inner?.ip?.source ?? ''), stations.get(inner?.ip?.destination ?? '')]
  if (from === undefined || to === undefined || inner?.ip === undefined || inner.ether === undefined)
    return []
  const where = {
    ...{ kind: 'seen' as const, node: seenOn, network },
    path: { from: from.node, to: to.node },
    ends: { from: from.label, to: to.label },
  }
  const macs = (
    [
      ['source', inner.ether.source, from.mac],
      ['destination', inner.ether.destination, to.mac],
    ] as const
  ).flatMap(([subject, observed, expected]): Problem[] =>
    observed === expected ? [] : [{ ...where, code: 'inner-mac-differs', subject, observed, expected }],
  )
  const hops: Problem[] = initialTtls.includes(inner.ip.ttl)
    ? []
    : [{ ...where, code: 'hop-taken', observed: inner.ip.ttl, expected: initialTtls.join(', ') }]
  return [...macs, ...hops]
}
