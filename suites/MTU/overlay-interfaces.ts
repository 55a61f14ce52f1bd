import type { TestContext } from '../../lib/conformance/context.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import type { ClusterNode, OverlayNetwork } from '../../lib/swarm/cluster.ts'
import { loadBalancerNamespace, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { interfaceOf, namespaceOf } from '../scene/kernel.ts'
import { taskLabel } from '../scene/pair.ts'

export interface NamedMtu {
  readonly name: string
  readonly mtuBytes: number
}

/** Interfaces of one network on one node: in its namespace, of its load balancer, of its tasks and of ingress. */
export function overlayInterfaces(
  { stack }: Pick<TestContext, 'stack'>,
  state: HostState,
  node: ClusterNode,
  network: OverlayNetwork,
): NamedMtu[] {
  const devices = namespaceOf(state, overlayNamespace(network.id), 'ip')?.links ?? []
  const balancer = namespaceOf(state, loadBalancerNamespace(network.id), 'ip')?.links ?? []
  const tasks = stack.tasks.filter((task) => task.node === node && task.endpoints[network.name])
  return [
    ...devices.filter(({ name }) => name !== 'lo'),
    ...balancer
      .filter(({ kind }) => kind === 'veth')
      .map((link) => ({ ...link, name: `load balancer's ${link.name}` })),
    ...tasks.flatMap((task) => {
      const endpoint = task.endpoints[network.name]
      const link = endpoint === undefined ? undefined : interfaceOf(state, endpoint)
      return link === undefined ? [] : [{ ...link, name: `${link.name} of ${taskLabel(task)}` }]
    }),
  ].map(({ name, mtuBytes }) => ({ name, mtuBytes }))
}
