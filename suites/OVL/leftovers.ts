import type { TaskFacts } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import { loadBalancerNamespace, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { ipsecSeen, type KernelSeen, namespaceSeen, namespacesSeen, rootSeen } from '../scene/kernel-seen.ts'

/** What a network is known by in a kernel. */
export interface Footprint {
  readonly id: string
  readonly name: string
  readonly subnet: string
  readonly vni: number
  /** Of the interfaces its tasks had. */
  readonly macs: readonly string[]
}

export function footprint(
  { id, name, subnet, vni }: Omit<Footprint, 'macs'>,
  tasks: readonly Pick<TaskFacts, 'endpoints'>[],
): Footprint {
  const macs = tasks.flatMap(({ endpoints }) => endpoints[name]?.mac ?? []).filter((mac) => mac !== '')
  return { id, name, subnet, vni, macs }
}

/** One thing that a kernel holds of a network. */
export interface Trace {
  readonly kind: 'namespace' | 'VXLAN device' | 'interface' | 'forwarding entry'
  /** Name of the network it is of. */
  readonly network: string
  /** File of the namespace, name of the device, or MAC of the entry. */
  readonly name: string
  /** Where it is, unless it is a namespace: its file name, or null for the host's own. */
  readonly within?: string | null
  /** Of an interface: the address that is of the network's subnet. */
  readonly address?: string
}

/** IPsec states and policies, each as text; never a key. */
export interface Xfrm {
  readonly states: readonly string[]
  readonly policies: readonly string[]
}

/** Everything a node's kernel holds of networks. */
export interface Holding {
  readonly traces: readonly Trace[]
  readonly xfrm: Xfrm
}

/** By node. */
export type Holdings = Readonly<Record<string, Part<Holding>>>

export function holdings(
  seen: KernelSeen,
  nodes: readonly string[],
  networks: readonly Footprint[],
): Holdings {
  return Object.fromEntries(nodes.map((node) => [node, holdingOf(seen, node, networks)]))
}

/** Of a node of which a table could not be read that would tell of a network, nothing is known. */
function holdingOf(seen: KernelSeen, node: string, networks: readonly Footprint[]): Part<Holding> {
  const [root, namespaces, ipsec] = [
    rootSeen(seen, node, 'ip'),
    namespacesSeen(seen, node, 'ip'),
    ipsecSeen(seen, node),
  ]
  if (!('got' in root)) return root
  if (!('got' in namespaces)) return namespaces
  if (!('got' in ipsec)) return ipsec
  const tables = [
    rootSeen(seen, node, 'bridge'),
    ...networks
      .flatMap(ownNamespaces)
      .flatMap((name) => [namespaceSeen(seen, node, name, 'ip'), namespaceSeen(seen, node, name, 'bridge')]),
  ]
  const unread = tables.find((table) => !('got' in table))
  if (unread !== undefined && !('got' in unread)) return unread
  return {
    got: {
      traces: networks.flatMap((network) =>
        tracesOf(network, { root: root.got, namespaces: namespaces.got }),
      ),
      xfrm: xfrmOf(ipsec.got),
    },
  }
}

export function xfrmOf({
  securityAssociations,
  securityPolicies,
}: Pick<HostState, 'securityAssociations' | 'securityPolicies'>): Xfrm {
  return {
    states: securityAssociations.map(
      ({ source, destination, spi }) => `${source} → ${destination}, SPI ${spi}`,
    ),
    policies: securityPolicies.map(
      ({ direction, source, destination, spi }) =>
        `${direction} ${source} → ${destination}, SPI ${spi ?? 'none'}`,
    ),
  }
}

function ownNamespaces({ id }: Pick<Footprint, 'id'>): string[] {
  return [overlayNamespace(id), loadBalancerNamespace(id)]
}

/** Everything a host's kernel holds of a network. */
export function tracesOf(
  network: Footprint,
  { root, namespaces }: Pick<HostState, 'root' | 'namespaces'>,
): Trace[] {
  return [
    ...ownNamespaces(network)
      .filter((name) => namespaces[name] !== undefined)
      .map((name): Trace => ({ kind: 'namespace', network: network.name, name })),
    ...tracesIn(network, root, null),
    ...Object.entries(namespaces).flatMap(([name, state]) => tracesIn(network, state, name)),
  ]
}

/** Names of devices in the host's own namespace, where old kernels have them: `vx-` or `ov-`, the VNI, the network. */
const hostDevice = /^(?:vx|ov)-[0-9a-f]{6}-/

function tracesIn(
  { id, name: network, subnet, vni, macs }: Footprint,
  { links, fdb }: NamespaceState,
  within: string | null,
): Trace[] {
  return [
    ...links
      .filter(
        (link) =>
          link.vxlan?.vni === vni || (hostDevice.test(link.name) && link.name.endsWith(id.slice(0, 5))),
      )
      .map(({ name }): Trace => ({ kind: 'VXLAN device', network, name, within })),
    ...links.flatMap(({ name, addresses }): Trace[] => {
      const own = addresses.find(({ family, address }) => family === 'inet' && contains(subnet, address))
      return own === undefined ? [] : [{ kind: 'interface', network, name, within, address: own.address }]
    }),
    ...fdb
      .filter(({ mac }) => macs.includes(mac))
      .map(({ mac }): Trace => ({ kind: 'forwarding entry', network, name: mac, within })),
  ]
}

/** e.g. `VXLAN device vxlan0 in namespace 1-abcdefghij`: the subject of a problem. */
export function traceText({ kind, name, within, address }: Trace): string {
  const what = `${kind} ${name}${address === undefined ? '' : ` (${address})`}`
  if (within === undefined) return what
  return within === null ? `${what} in the host’s own namespace` : `${what} in namespace ${within}`
}

/** What nodes still hold; of nodes that were read before, also IPsec states and policies that were not there then. */
export function leftProblems(left: Holdings, before: Holdings = {}): Problem[] {
  return Object.entries(left).flatMap(([node, part]): Problem[] => {
    if (!('got' in part)) return []
    const was = before[node]
    return [
      ...part.got.traces.map((trace): Problem => ({
        ...{ code: 'left-after-removal', kind: 'seen', node, network: trace.network },
        subject: traceText(trace),
      })),
      ...(was !== undefined && 'got' in was ? xfrmMore(was.got.xfrm, part.got.xfrm) : []).map(
        (subject): Problem => ({ code: 'ipsec-left-after-removal', kind: 'seen', node, subject }),
      ),
    ]
  })
}

/** Nodes that another look may tell more of: nothing is gone before all were read. A missing tool stays missing. */
export function unreadNodes(left: Holdings): string[] {
  return Object.entries(left)
    .filter(([, part]) => !('got' in part || 'missing' in part))
    .map(([node]) => node)
}

/** IPsec states and policies that were not there before. */
export function xfrmMore(before: Xfrm, after: Xfrm): string[] {
  const more = (kind: 'states' | 'policies') => after[kind].filter((entry) => !before[kind].includes(entry))
  return [
    ...more('states').map((entry) => `xfrm state ${entry}`),
    ...more('policies').map((entry) => `xfrm policy ${entry}`),
  ]
}
