import type { HostState } from '../observe/host-state.ts'
import { choosesAtRandom, randomBackends } from '../observe/random-balancer.ts'
import { loadBalancerNamespace, namespaceNamed, overlayNamespace } from '../swarm/namespaces.ts'
import { hasIngress } from '../swarm/no-ingress.ts'
import { type Stack, tasksOn } from '../swarm/stack.ts'
import type { ClusterNode } from '../swarm/cluster.ts'
import { balancesWithoutIpvs } from './features.ts'

/**
 * What the kernels still lack of the state the stack should bring, in words; empty once it has settled.
 * Only waits rest on this; verdicts have tests of their own.
 */
export function unsettled(
  stack: Stack,
  nodes: readonly ClusterNode[],
  states: ReadonlyMap<string, HostState>,
): string[] {
  return nodes.flatMap((node) => {
    const state = states.get(node.host.name)
    if (state === undefined) return [`${node.host.name}: not read`]
    // Without the tools nothing would ever be seen there; the tests that want them say so.
    if (state.unavailable.some((entry) => entry.package !== '' && entry.tool !== 'iptables-save')) return []
    const balances = !lacksBalancing(state)
    return [
      ...missingForwarding(stack, node, state),
      ...(balances ? missingBalancing(stack, node, state) : []),
    ].map((what) => `${node.host.name}: ${what}`)
  })
}

/** A kernel without IPVS never will, unless its engine balances otherwise; there is nothing to wait for. */
function lacksBalancing(state: HostState): boolean {
  const { kernelModules, loadableModules } = state
  return kernelModules['ip_vs'] === false && !loadableModules.includes('ip_vs') && !balancesWithoutIpvs(state)
}

function missingForwarding(stack: Stack, node: ClusterNode, state: HostState): string[] {
  return (['clear', 'secret', 'extra', 'shop'] as const).flatMap((role) => {
    const tasks = tasksOn(stack, role)
    if (!tasks.some((task) => task.node === node)) return []
    const { name, id } = stack.networks[role]
    const known = new Set(
      namespaceNamed(state.namespaces, overlayNamespace(id))?.fdb.map((entry) => entry.mac) ?? [],
    )
    return tasks
      .filter((task) => task.node !== node && !known.has(task.endpoints[name]?.mac ?? ''))
      .map((task) => `${name} has no forwarding entry for ${task.service} on ${task.node.host.name}`)
  })
}

function missingBalancing(stack: Stack, node: ClusterNode, state: HostState): string[] {
  const { clear } = stack.networks
  const web = tasksOn(stack, 'clear').filter((task) => task.service === stack.services.web.name)
  const namespaces = hasIngress(stack) ? [{ name: 'ingress_sbox', network: stack.networks.ingress.name }] : []
  if (tasksOn(stack, 'clear').some((task) => task.node === node)) {
    namespaces.push({ name: loadBalancerNamespace(clear.id), network: clear.name })
  }
  return namespaces.flatMap(({ name, network }) => {
    const balancer = state.namespaces[name]
    // What rules choose from without saying it shows by nothing that could be waited for.
    if (choosesAtRandom(balancer) && randomBackends(balancer) === undefined) return []
    const real = new Set([
      ...(balancer?.ipvs.flatMap((service) => service.destinations.map((d) => d.address)) ?? []),
      ...(randomBackends(balancer) ?? []).map(({ address }) => address),
    ])
    const absent = web.filter((task) => !real.has(task.endpoints[network]?.address ?? ''))
    return absent.map((task) => `${name} does not balance to ${task.service} on ${task.node.host.name}`)
  })
}
