import { type ClusterFacts, type NetworkFacts, taskName } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Link, NamespaceState } from '../../lib/observe/host-state.ts'
import { loadBalancerNamespace, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { type KernelSeen, namespaceSeen, namespacesSeen } from '../scene/judging/kernel-seen.ts'

export interface NamedMtu {
  readonly name: string
  readonly mtuBytes: number
}

/** Interfaces of one network on one node: in its namespace, of its load balancer, of its tasks and of ingress. */
export function overlayInterfaces(
  facts: Pick<ClusterFacts, 'tasks'>,
  seen: KernelSeen,
  node: string,
  network: Pick<NetworkFacts, 'id' | 'name'>,
): Part<readonly NamedMtu[]> {
  const own = namespaceSeen(seen, node, overlayNamespace(network.id), 'devices')
  if (!('got' in own)) return own
  const balancing = namespaceSeen(seen, node, loadBalancerNamespace(network.id), 'devices')
  if (!('got' in balancing)) return balancing
  const all = namespacesSeen(seen, node, 'devices')
  if (!('got' in all)) return all
  const attached = facts.tasks.flatMap((task) => {
    const endpoint = task.node === node ? task.endpoints[network.name] : undefined
    const link = endpoint === undefined ? undefined : linkOf(Object.values(all.got), endpoint)
    return link === undefined ? [] : [{ ...link, name: `${link.name} of ${taskName(task)}` }]
  })
  const found = [
    ...(own.got?.links ?? []).filter(({ name }) => name !== 'lo'),
    ...(balancing.got?.links ?? [])
      .filter(({ kind }) => kind === 'veth')
      .map((link) => ({ ...link, name: `${link.name} of the load balancer` })),
    ...attached,
  ]
  return { got: found.map(({ name, mtuBytes }) => ({ name, mtuBytes })) }
}

/** The interface that has an endpoint's MAC and address, in whichever namespace it is. */
function linkOf(
  namespaces: readonly NamespaceState[],
  endpoint: { readonly address: string; readonly mac: string },
): Link | undefined {
  return namespaces
    .flatMap(({ links }) => links)
    .find(
      ({ mac, addresses }) =>
        mac === endpoint.mac && addresses.some(({ address }) => address === endpoint.address),
    )
}
