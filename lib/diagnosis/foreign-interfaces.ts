import { type ClusterFacts, type TaskFacts, taskName } from '../observation/facts.ts'
import type { HostState, Link, NamespaceState } from '../observe/host-state.ts'
import { contains, networkOf } from '../topology/cidr.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { LabView } from './lab-view.ts'
import { nodesRead, statesOf } from './meanwhile.ts'

/** An interface in the namespace of a task that none of the task’s networks gave it. */
export interface ForeignInterface {
  readonly node: string
  readonly task: TaskFacts
  /** As reports name the task. */
  readonly label: string
  /** File name of its namespace below /run/docker/netns. */
  readonly namespace: string
  readonly link: Link
  /** Destinations that the task’s kernel sends there. */
  readonly routes: readonly string[]
  /** Of veth, where it was found: the other end. */
  readonly otherEnd?: OtherEnd
}

export interface OtherEnd {
  readonly device: string
  /** Undefined for the host’s own. */
  readonly namespace?: string
  /** The bridge it is on. */
  readonly master?: string
}

interface PlacedLink {
  readonly link: Link
  readonly namespace?: string
}

/**
 * On all nodes, by the reading that the facts are of; what was put there since, by the later one. Nothing of a node without
 * docker_gwbridge: there it is not known which interface is on it.
 */
export function foreignInterfaces(lab: LabView): ForeignInterface[] {
  const { facts } = lab
  if (facts === undefined) return []
  return nodesRead(lab).flatMap((node) => {
    const [before = [], after = []] = statesOf(lab, node)
      .toReversed()
      .map((state) => foreignIn(state, node, facts))
    return before.length > 0 ? before : after
  })
}

function foreignIn(state: HostState, node: string, facts: ClusterFacts): ForeignInterface[] {
  const gateway = state.root.links.find(({ name }) => name === gatewayBridgeName)
  const bridged = (gateway?.addresses ?? [])
    .filter(({ family }) => family === 'inet')
    .map(({ address, prefixLength }) => networkOf(`${address}/${prefixLength}`))
  if (bridged.length === 0) return []
  return facts.tasks
    .filter((task) => task.node === node)
    .flatMap((task) => {
      const [namespace, inside] = namespaceOf(state, task) ?? []
      if (namespace === undefined || inside === undefined) return []
      const subnets = [...bridged, ...subnetsOf(task, facts)]
      return inside.links
        .filter((link) => isForeign(link, task, subnets))
        .map((link): ForeignInterface => {
          const otherEnd = otherEndOf({ link, namespace }, state)
          const routes = inside.routes.filter(({ device }) => device === link.name)
          return {
            ...{ node, task, label: taskName(task), namespace, link },
            routes: routes.map(({ destination }) => destination),
            ...(otherEnd === undefined ? {} : { otherEnd }),
          }
        })
    })
}

/** Those that lead to each other: two ends of one link, ends on one bridge of the host, or with routes to each other. */
export function joinedInterfaces(all: readonly ForeignInterface[]): ForeignInterface[][] {
  const groups: ForeignInterface[][] = []
  for (const one of all) {
    const joined = groups.filter((group) => group.some((other) => leadTogether(one, other)))
    for (const group of joined) groups.splice(groups.indexOf(group), 1)
    groups.push([...joined.flat(), one])
  }
  return groups
}

export function areEndsOfOneLink(one: ForeignInterface, other: ForeignInterface): boolean {
  return one.otherEnd?.namespace === other.namespace && one.otherEnd.device === other.link.name
}

function leadTogether(one: ForeignInterface, other: ForeignInterface): boolean {
  if (one.node !== other.node) return false
  const [master, another] = [one.otherEnd?.master, other.otherEnd?.master]
  return (
    areEndsOfOneLink(one, other) ||
    (master !== undefined && master === another && one.otherEnd?.namespace === other.otherEnd?.namespace) ||
    (leadsTo(one, other.task) && leadsTo(other, one.task))
  )
}

function leadsTo({ routes }: ForeignInterface, { endpoints }: TaskFacts): boolean {
  return Object.values(endpoints).some(({ address }) =>
    routes.some((block) => block !== 'default' && address !== '' && contains(block, address)),
  )
}

/** By its MAC, else by its address: an address may have been given to somebody else. */
function namespaceOf(
  { namespaces }: HostState,
  { endpoints }: TaskFacts,
): [string, NamespaceState] | undefined {
  const all = Object.values(endpoints)
  const find = (isIt: (link: Link) => boolean): [string, NamespaceState] | undefined =>
    Object.entries(namespaces).find(([, { links }]) => links.some(isIt))
  return (
    find((link) => all.some(({ mac }) => mac !== '' && mac === link.mac)) ??
    find(({ addresses }) => addresses.some((one) => all.some(({ address }) => address === one.address)))
  )
}

/** Of its overlays; of ingress as well, which is not among its endpoints on every engine. */
function subnetsOf({ endpoints }: TaskFacts, { networks }: ClusterFacts): string[] {
  return Object.values(networks)
    .filter(({ name, ingress }) => ingress || endpoints[name] !== undefined)
    .map(({ subnet }) => subnet)
    .filter((subnet) => subnet !== '')
}

/** Kernels put tunnels into every namespace, which are down. */
function isForeign(
  { name, up, mac, addresses }: Link,
  { endpoints }: TaskFacts,
  subnets: readonly string[],
): boolean {
  const inet = addresses.filter(({ family }) => family === 'inet')
  return (
    up &&
    name !== 'lo' &&
    !Object.values(endpoints).some((endpoint) => endpoint.mac !== '' && endpoint.mac === mac) &&
    !inet.some(({ address }) => subnets.some((subnet) => contains(subnet, address)))
  )
}

/** The one interface of the host that has it for its other end; each namespace gives indices of its own. */
function otherEndOf(own: PlacedLink, { root, namespaces }: HostState): OtherEnd | undefined {
  if (own.link.peerIndex === undefined) return undefined
  const all: PlacedLink[] = [
    ...root.links.map((link) => ({ link })),
    ...Object.entries(namespaces).flatMap(([namespace, { links }]) =>
      links.map((link) => ({ link, namespace })),
    ),
  ]
  const found = all.filter(
    ({ link }) => link !== own.link && link.index === own.link.peerIndex && link.peerIndex === own.link.index,
  )
  const [only, ...others] = found
  if (only === undefined || others.length > 0) return undefined
  const { link, namespace } = only
  return {
    device: link.name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(link.master === undefined ? {} : { master: link.master }),
  }
}
