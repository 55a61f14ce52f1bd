import type { HostState } from '../../lib/observe/host-state.ts'
import type { ClusterNode, OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import type { NetworkView } from '../../lib/swarm/network-view.ts'
import type { GivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { taskLabel } from '../scene/pair.ts'
import { contains } from '../../lib/topology/cidr.ts'
import type { Claim } from './claims.ts'

/** Virtual IPs and gateways belong to no single host, so they are claims beside those of every source. */
export function commonClaims({ networks, virtualIps }: GivenAddresses): Claim[] {
  return [
    ...networks.map(({ name, gateway }) => ({ network: name, address: gateway, holder: 'the gateway' })),
    ...virtualIps.map(({ networkId, address, of }) => ({
      network: nameOf(networks, networkId),
      address,
      holder: `the virtual IP of ${of}`,
    })),
  ]
}

export function claimsOfApi({ networks, tasks }: GivenAddresses, nodes: readonly ClusterNode[]): Claim[] {
  const host = (nodeId: string) => nodes.find((node) => node.nodeId === nodeId)?.host.name ?? nodeId
  return tasks.map(({ networkId, address, of, taskId, nodeId }) => ({
    network: nameOf(networks, networkId),
    address,
    holder: `task ${taskId.slice(0, 12)} of ${of}@${host(nodeId)}`,
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
          .map(([id, endpoint]) => ({
            network: name,
            address: endpoint.address,
            holder: `${endpoint.name === '' ? id.slice(0, 12) : endpoint.name} on ${host}`,
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
export function claimsOfKernels(
  states: ReadonlyMap<string, HostState>,
  nodes: readonly ClusterNode[],
  networks: readonly OverlayNetwork[],
  tasks: readonly Task[],
): Claim[] {
  return nodes.flatMap((node) => {
    const state = stateOf(states, node)
    rootOf(state, 'ip')
    return oncePerInode(Object.entries(state.namespaces))
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
        const who =
          task === undefined ? `${namespace}@${node.host.name}` : `${taskLabel(task)} (${namespace})`
        return held.flatMap(({ address }) => {
          const network = networks.find(({ subnet }) => subnet !== '' && contains(subnet, address))
          return network === undefined ? [] : [{ network: network.name, address, holder: who }]
        })
      })
  })
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
