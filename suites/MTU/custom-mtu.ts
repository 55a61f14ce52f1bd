import type { ClusterFacts, NetworkFacts } from '../../lib/observation/facts.ts'
import type { Missing, Unseen } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { KernelSeen } from '../scene/judging/kernel-seen.ts'
import { outerBytes, overlayMtu, statedMtu } from '../scene/judging/overlay-mtu.ts'
import type { ViewsSeen } from '../scene/recordings/views.ts'
import type { WireSizes } from '../scene/recordings/wire-sizes.ts'
import { type NamedMtu, overlayInterfaces } from './overlay-interfaces.ts'

interface Wanted {
  readonly network: NetworkFacts
  /** Asked for. */
  readonly mtuBytes: number
}

/** Networks the topology gives an MTU; `absent` where the swarm has none of them. */
export function networksWithMtu({ topology, networks }: ClusterFacts): {
  readonly wanted: readonly Wanted[]
  readonly absent: readonly Unseen[]
} {
  const asked = [
    { network: networks.clear, mtuBytes: topology.stack.clear.mtuBytes },
    { network: networks.ingress, mtuBytes: topology.swarm.ingress?.mtuBytes },
  ]
  return {
    wanted: asked.flatMap(({ network, mtuBytes }) =>
      network === undefined || mtuBytes === undefined ? [] : [{ network, mtuBytes }],
    ),
    absent: asked.some(({ network, mtuBytes }) => network === undefined && mtuBytes !== undefined)
      ? [{ what: 'ingress', nodes: [] }]
      : [],
  }
}

/** What became of an MTU that was asked for. */
export interface Customised extends Wanted {
  /** What the manager's engine states; undefined where it was not read. */
  readonly stated: number | undefined
  /** What interfaces must have, and the longest packet on the wire that follows from it. */
  readonly inside: number
  readonly limit: number
  readonly interfaces: readonly (NamedMtu & { readonly node: string })[]
  /** Longest packet that left each node. */
  readonly longest: Readonly<Record<string, number>>
  readonly largest: number
  /** Packets of exactly the limit. */
  readonly full: number
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

export function customised(
  { network, mtuBytes }: Wanted,
  {
    states,
    views,
    wires,
    facts,
  }: {
    readonly states: KernelSeen
    readonly views: ViewsSeen
    readonly wires: readonly WireSizes[]
    readonly facts: ClusterFacts
  },
): Customised {
  const inside = overlayMtu(mtuBytes, network)
  const limit = outerBytes(inside, network)
  const view = views[facts.manager]?.find(({ id }) => id === network.id)
  const { got, missing, unseen } = part(
    Object.fromEntries(
      facts.nodes.map(({ name }) => [name, overlayInterfaces(facts, states, name, network)]),
    ),
    `interfaces of ${network.name}`,
  )
  const interfaces = [...got].flatMap(([node, links]) => links.map((link) => ({ ...link, node })))
  const sent = wires.map(({ node, whole }) => ({ node, own: whole.filter(({ vni }) => vni === network.vni) }))
  const longest = sent
    .filter(({ own }) => own.length > 0)
    .map(({ node, own }) => [node, Math.max(...own.map(({ bytes }) => bytes))] as const)
  return {
    ...{ network, mtuBytes, inside, limit, interfaces, missing },
    stated: view === undefined ? undefined : statedMtu(view.options),
    longest: Object.fromEntries(longest),
    largest: Math.max(0, ...longest.map(([, bytes]) => bytes)),
    full: sent
      .flatMap(({ own }) => own.filter(({ bytes }) => bytes === limit))
      .reduce((sum, { count }) => sum + count, 0),
    unseen: [
      ...unseen,
      ...(view === undefined ? [{ what: `what is stated of ${network.name}`, nodes: [facts.manager] }] : []),
      ...(interfaces.length === 0 && unseen.length === 0 && missing.length === 0
        ? [{ what: `interfaces of ${network.name}`, nodes: facts.nodes.map(({ name }) => name) }]
        : []),
    ],
  }
}

/** What the engine states and interfaces have. */
export function settingProblems(
  { network, mtuBytes, stated, inside, interfaces }: Customised,
  { manager }: Pick<ClusterFacts, 'manager'>,
): Problem[] {
  const where = { network: network.name, kind: 'seen' as const }
  return [
    ...(stated === undefined || stated === mtuBytes
      ? []
      : [
          {
            ...{ ...where, code: 'engine-states-otherwise' as const, node: manager },
            ...{ subject: 'the MTU', expected: mtuBytes, observed: stated },
          },
        ]),
    ...interfaces
      .filter((link) => link.mtuBytes !== inside)
      .map(({ node, name, mtuBytes: observed }): Problem => ({
        ...{ ...where, code: 'interface-mtu-wrong', node, subject: name, expected: inside, observed },
      })),
  ]
}

/** Nodes whose packets are longer than follows from the MTU asked for. */
export function largerProblems({ network, limit, longest }: Customised): Problem[] {
  return Object.entries(longest)
    .filter(([, bytes]) => bytes > limit)
    .map(([node, bytes]): Problem => ({
      ...{ code: 'larger-than-asked', kind: 'seen', node, network: network.name },
      ...{ expected: limit, observed: bytes },
    }))
}
