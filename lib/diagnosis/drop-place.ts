import type { Path } from '../observation/problem.ts'
import { endOf } from './ends.ts'
import { firewallDrops } from './firewall-drops.ts'
import { type KernelDrop, tellingDrops } from './kernel-drops.ts'
import { culprits, type LabView, pathsOf, type Reported } from './lab-view.ts'

/** What is carried between nodes, and the requirement that says it arrives. */
export interface Carried {
  readonly name: (lab: LabView) => string
  readonly arrives: string
  readonly encrypted: boolean
}

export const clear: Carried = {
  name: ({ lab }) => `VXLAN (UDP ${lab.topology.swarm.dataPathPort})`,
  arrives: 'CTL-04',
  encrypted: false,
}
export const encrypted: Carried = { name: () => 'ESP', arrives: 'CTL-07', encrypted: true }

/** Where packets that arrive are lost. */
export interface DropPlace {
  readonly carried: Carried
  /** Nodes that do not deliver what arrives. */
  readonly nodes: readonly string[]
  readonly undelivered: readonly Reported[]
  readonly pairs: readonly Path[]
  /** By which their kernels account for it. */
  readonly drops: readonly KernelDrop[]
}

export const isCarriedBy = (
  { network }: Pick<Reported, 'network'>,
  lab: LabView,
  { encrypted: wanted }: Carried,
): boolean => (lab.networkNamed(network)?.encrypted === true) === wanted

/**
 * Nodes on which packets end that are seen arriving there. Where frames were followed they say at which end of a pair;
 * else a node that is cut off from all others is taken, or one whose kernel counted what was lost. Undefined where more
 * than one answer is left, and where frames end on the way between nodes.
 */
export function dropPlaceOf(carried: Carried, lab: LabView): DropPlace | undefined {
  if (!lab.holds(carried.arrives)) return undefined
  const undelivered = lab
    .problems('not-delivered')
    .filter((problem) => problem.path?.from !== problem.path?.to && isCarriedBy(problem, lab, carried))
  const pairs = pathsOf(undelivered)
  if (pairs.length === 0) return undefined
  const dropsOf = (nodes: readonly string[]): KernelDrop[] =>
    nodes.flatMap((node) => tellingDrops(lab, node, { lost: lostAt(undelivered, node), concerned: nodes }))
  const place = { carried, undelivered, pairs }
  const cutOff = culprits(pairs, lab.nodeNames, lab.facts)
  // What was ESP meets these rules once more, as the VXLAN it was decrypted to: that has been said of them.
  if (carried.encrypted && cutOff.some((node) => dropsVxlan(lab, node))) return undefined
  const followed = undelivered.filter(({ reached }) => reached !== undefined)
  const ends = new Set(followed.flatMap((problem) => endOf(problem) ?? []))
  if (followed.filter((problem) => endOf(problem) === undefined).length > followed.length / 2)
    return undefined
  if (cutOff.length > 0 && [...ends].every((end) => cutOff.includes(end)))
    return { ...place, nodes: cutOff, drops: dropsOf(cutOff) }
  const asked = ends.size > 0 ? [...ends] : [...new Set(pairs.flatMap(({ from, to }) => [from, to]))]
  const dropping = asked.filter((node) => dropsOf([node]).length > 0)
  const accounted =
    ends.size > 0
      ? asked.length === dropping.length
      : pairs.every(({ from, to }) => dropping.includes(from) || dropping.includes(to))
  return accounted && dropping.length > 0
    ? { ...place, nodes: dropping, drops: dropsOf(dropping) }
    : undefined
}

const dropsVxlan = (lab: LabView, node: string): boolean =>
  firewallDrops(lab, node, 'data').some(({ packets }) => packets !== 0)

/** Probes that the node itself can have lost. */
function lostAt(undelivered: readonly Reported[], node: string): number {
  return undelivered.filter((problem) =>
    problem.reached === undefined
      ? problem.path?.from === node || problem.path?.to === node
      : endOf(problem) === node,
  ).length
}
