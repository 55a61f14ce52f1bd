import { type Part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { DevicesState, DeviceTables } from '../../lib/observe/host-state.ts'
import type { OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import { isSameNamespace, loadBalancerNamespace, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { contains } from '../../lib/topology/cidr.ts'
import {
  ipsecSeen,
  type DevicesSeen,
  namespaceSeen,
  namespacesSeen,
  rootSeen,
} from '../scene/judging/kernel-seen.ts'

/** What a network is known by in a kernel. */
export interface NetworkIdentity {
  readonly id: string
  readonly name: string
  readonly subnet: string
  readonly vni: number
  /** Of the interfaces its tasks had. */
  readonly macs: readonly string[]
}

export function footprintOf(
  { id, name, subnet, vni }: OverlayNetwork,
  tasks: readonly Pick<Task, 'endpoints'>[],
): NetworkIdentity {
  const macs = tasks.flatMap(({ endpoints }) => endpoints[name]?.mac ?? []).filter((mac) => mac !== '')
  return { id, name, subnet, vni, macs }
}

/** One thing that a kernel holds of a network. */
export interface Trace {
  readonly kind: 'namespace' | 'vxlan-device' | 'address' | 'forwarding-entry'
  readonly network: string
  /** A namespace, or a device and the namespace it is in. */
  readonly subject: string
  /** IPv4 address, or the MAC of a forwarding entry. */
  readonly address?: string
}

/** What a node's kernel holds of networks, and its IPsec states and policies, each as text; never a key. */
export interface Held {
  readonly traces: readonly Trace[]
  readonly states: readonly string[]
  readonly policies: readonly string[]
}

/** By name of node. */
export type HeldBy = Readonly<Record<string, Part<Held>>>

export function heldBy(
  seen: DevicesSeen,
  nodes: readonly string[],
  networks: readonly NetworkIdentity[],
): HeldBy {
  return Object.fromEntries(nodes.map((node) => [node, heldOf(seen, node, networks)]))
}

function heldOf(seen: DevicesSeen, node: string, networks: readonly NetworkIdentity[]): Part<Held> {
  const ipsec = ipsecSeen(seen, node)
  if (!('got' in ipsec)) return ipsec
  const namespaces = namespacesSeen(seen, node, 'devices')
  if (!('got' in namespaces)) return namespaces
  const root = rootSeen(seen, node, 'devices')
  if (!('got' in root)) return root
  // A namespace that could not be entered is in no table, and that is not the same as gone.
  const closed = networks
    .flatMap(ownNamespaces)
    .map((name) => namespaceSeen(seen, node, name, 'devices'))
    .find((own) => !('got' in own))
  if (closed !== undefined && !('got' in closed)) return closed
  return {
    got: {
      traces: networks.flatMap((network) =>
        tracesOf(network, { root: root.got, namespaces: namespaces.got }),
      ),
      states: ipsec.got.securityAssociations.map(
        ({ source, destination, spi }) => `${source} → ${destination}, SPI ${spi}`,
      ),
      policies: ipsec.got.securityPolicies.map(
        ({ direction, source, destination, spi }) =>
          `${direction} ${source} → ${destination}, SPI ${spi ?? 'none'}`,
      ),
    },
  }
}

function ownNamespaces({ id }: Pick<NetworkIdentity, 'id'>): string[] {
  return [overlayNamespace(id), loadBalancerNamespace(id)]
}

/** Everything a host's kernel holds of a network. */
export function tracesOf(
  network: NetworkIdentity,
  state: Pick<DevicesState, 'root' | 'namespaces'>,
): Trace[] {
  return [
    ...Object.keys(state.namespaces)
      .filter((name) => ownNamespaces(network).some((own) => isSameNamespace(own, name)))
      .map((subject): Trace => ({ kind: 'namespace', network: network.name, subject })),
    ...tracesIn(network, state.root, 'the host’s own namespace'),
    ...Object.entries(state.namespaces).flatMap(([name, one]) => tracesIn(network, one, name)),
  ]
}

/** Names of devices in the host's own namespace, where old kernels have them: `vx-` or `ov-`, the VNI, the network. */
const hostDevice = /^(?:vx|ov)-[0-9a-f]{6}-/

function tracesIn(
  { id, name: network, subnet, vni, macs }: NetworkIdentity,
  { links, fdb }: DeviceTables,
  where: string,
): Trace[] {
  return [
    ...links
      .filter(
        (link) =>
          link.vxlan?.vni === vni || (hostDevice.test(link.name) && link.name.endsWith(id.slice(0, 5))),
      )
      .map(({ name }): Trace => ({ kind: 'vxlan-device', network, subject: `${name} in ${where}` })),
    ...links.flatMap(({ name, addresses }) =>
      addresses
        .filter(({ family, address }) => family === 'inet' && subnet !== '' && contains(subnet, address))
        .map(({ address }): Trace => ({ kind: 'address', network, subject: `${name} in ${where}`, address })),
    ),
    ...fdb
      .filter(({ mac }) => macs.includes(mac))
      .map(({ mac }): Trace => ({ kind: 'forwarding-entry', network, subject: where, address: mac })),
  ]
}

const codeOf = {
  namespace: 'namespace-left',
  'vxlan-device': 'vxlan-device-left',
  address: 'address-left',
  'forwarding-entry': 'forwarding-entry-left',
} as const

/** What a node still holds of networks that were removed. */
export function traceProblems(node: string, { traces }: Pick<Held, 'traces'>): Problem[] {
  return traces.map(({ kind, ...trace }) => ({ code: codeOf[kind], kind: 'seen', node, ...trace }))
}

/** IPsec states and policies of a node that were not there before. */
export function ipsecProblems(node: string, before: Held, after: Held): Problem[] {
  const more = (kind: 'states' | 'policies') => [
    ...new Set(after[kind].filter((entry) => !before[kind].includes(entry))),
  ]
  return [
    ...more('states').map((subject): Problem => ({ code: 'ipsec-state-left', kind: 'seen', node, subject })),
    ...more('policies').map((subject): Problem => ({
      code: 'ipsec-policy-left',
      kind: 'seen',
      node,
      subject,
    })),
  ]
}
