import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import { loadBalancerNamespace, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { contains } from '../../lib/topology/cidr.ts'

/** What a network is known by in a kernel. */
export interface Footprint {
  readonly id: string
  readonly name: string
  readonly subnet: string
  readonly vni: number
  /** Of the interfaces its tasks had. */
  readonly macs: ReadonlySet<string>
}

/** IPsec states and policies, each as text; never a key. */
export interface Xfrm {
  readonly states: ReadonlySet<string>
  readonly policies: ReadonlySet<string>
}

export function xfrmOf({ securityAssociations, securityPolicies }: HostState): Xfrm {
  return {
    states: new Set(
      securityAssociations.map(({ source, destination, spi }) => `${source} → ${destination}, SPI ${spi}`),
    ),
    policies: new Set(
      securityPolicies.map(
        ({ direction, source, destination, spi }) =>
          `${direction} ${source} → ${destination}, SPI ${spi ?? 'none'}`,
      ),
    ),
  }
}

/** Everything a host's kernel holds of a network, in words. */
export function tracesOf(network: Footprint, { root, namespaces }: HostState): string[] {
  const own = [overlayNamespace(network.id), loadBalancerNamespace(network.id)]
  return [
    ...own.filter((name) => namespaces[name] !== undefined).map((name) => `namespace ${name}`),
    ...tracesIn(network, root, 'the host’s own namespace'),
    ...Object.entries(namespaces).flatMap(([name, state]) => tracesIn(network, state, `namespace ${name}`)),
  ]
}

/** Names of devices in the host's own namespace, where old kernels have them: `vx-` or `ov-`, the VNI, the network. */
const hostDevice = /^(?:vx|ov)-[0-9a-f]{6}-/

function tracesIn(
  { id, subnet, vni, macs }: Footprint,
  { links, fdb }: NamespaceState,
  where: string,
): string[] {
  return [
    ...links
      .filter(
        (link) =>
          link.vxlan?.vni === vni || (hostDevice.test(link.name) && link.name.endsWith(id.slice(0, 5))),
      )
      .map(({ name }) => `vxlan device ${name} in ${where}`),
    ...links
      .filter(({ addresses }) =>
        addresses.some(({ family, address }) => family === 'inet' && contains(subnet, address)),
      )
      .map(({ name, kind }) => `${kind} ${name} with an address of ${subnet} in ${where}`),
    ...fdb.filter(({ mac }) => macs.has(mac)).map(({ mac }) => `FDB entry of ${mac} in ${where}`),
  ]
}

/** IPsec states and policies that were not there before. */
export function xfrmMore(before: Xfrm, after: Xfrm): string[] {
  const more = (kind: 'states' | 'policies') => [...after[kind]].filter((entry) => !before[kind].has(entry))
  return [
    ...more('states').map((entry) => `xfrm state ${entry}`),
    ...more('policies').map((entry) => `xfrm policy ${entry}`),
  ]
}
