import { type NodeFacts, type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { OverlayNetwork } from '../../lib/swarm/cluster.ts'
import type { NetworkView } from '../../lib/swarm/network-view.ts'
import type { GivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { type DevicesSeen, namespacesSeen } from '../scene/judging/kernel-seen.ts'
import { contains } from '../../lib/topology/cidr.ts'
import type { Claim } from './claims.ts'

/** Virtual IPs and gateways belong to no single host, so they are claims beside those of every source. */
export function commonClaims({ networks, virtualIps }: GivenAddresses): Claim[] {
  return [
    ...networks.map(({ name, gateway }): Claim => ({
      ...{ network: name, address: gateway, kind: 'gateway', holder: name },
    })),
    ...virtualIps.map(({ networkId, address, of }): Claim => ({
      ...{ network: nameOf(networks, networkId), address, kind: 'virtual-ip', holder: of },
    })),
  ]
}

export function claimsOfApi({ networks, tasks }: GivenAddresses, nodes: readonly NodeFacts[]): Claim[] {
  return tasks.map(({ networkId, address, of, taskId, nodeId }): Claim => ({
    ...{ network: nameOf(networks, networkId), address, kind: 'task' },
    holder: `${taskId.slice(0, 12)} of ${of}`,
    node: nodes.find((node) => node.nodeId === nodeId)?.name ?? nodeId,
  }))
}

/** Of containers and of the load balancers each node has on its networks. */
export function claimsOfEngines(
  views: ReadonlyMap<string, readonly NetworkView[]>,
  networks: readonly OverlayNetwork[],
): Claim[] {
  const overlays = new Set(networks.map(({ id }) => id))
  return [...views].flatMap(([host, seen]) =>
    seen
      .filter(({ id }) => overlays.has(id))
      .flatMap(({ name, endpoints }) =>
        Object.entries(endpoints)
          .filter(([, { address }]) => address !== '')
          .map(([id, endpoint]): Claim => ({
            ...{ network: name, address: endpoint.address, kind: 'endpoint', node: host },
            holder: endpoint.name === '' ? id.slice(0, 12) : endpoint.name,
          })),
      ),
  )
}

/** Namespaces of the overlays themselves: their bridge has the gateway's address on every node. */
const ofAnOverlay = /^\d+-/

/**
 * Of every interface in a container's or load balancer's namespace. Addresses with a prefix length of 32 are aliases
 * for virtual IPs, which every node's load balancer has.
 */
export function claimsOfKernel(
  seen: DevicesSeen,
  node: string,
  networks: readonly OverlayNetwork[],
  tasks: readonly TaskFacts[],
): Part<readonly Claim[]> {
  const namespaces = namespacesSeen(seen, node, 'devices')
  if (!('got' in namespaces)) return namespaces
  const claims = oncePerInode(Object.entries(namespaces.got))
    .filter(([namespace]) => !ofAnOverlay.test(namespace))
    .flatMap(([namespace, { links }]) => {
      const held = links.flatMap(({ addresses }) =>
        addresses.filter(({ family, prefixLength }) => family === 'inet' && prefixLength < 32),
      )
      const macs = new Set(links.map(({ mac }) => mac))
      const task = tasks.find(
        (one) =>
          one.node === node && Object.values(one.endpoints).some(({ mac }) => mac !== '' && macs.has(mac)),
      )
      const holder = task === undefined ? namespace : `${namespace} of ${taskName(task)}`
      return held.flatMap(({ address }): Claim[] => {
        const network = networks.find(({ subnet }) => subnet !== '' && contains(subnet, address))
        return network === undefined
          ? []
          : [{ network: network.name, address, kind: 'namespace', holder, node }]
      })
    })
  return { got: claims }
}

/** One namespace may have several files. */
function oncePerInode<T extends { readonly inode: string }>(
  namespaces: readonly (readonly [string, T])[],
): (readonly [string, T])[] {
  return [...new Map(namespaces.map((entry) => [entry[1].inode, entry])).values()]
}

function nameOf(networks: readonly OverlayNetwork[], id: string): string {
  return networks.find((network) => network.id === id)?.name ?? id
}
