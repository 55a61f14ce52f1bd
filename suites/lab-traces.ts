import type { HostState, NamespaceState } from '../lib/observe/host-state.ts'
import { readStates } from '../lib/conformance/bring-up.ts'
import type { Cluster } from '../lib/swarm/cluster.ts'
import { sh } from '../lib/script.ts'

/**
 * What a defect can leave behind in kernels, one line each: rules with their places, settings, balancers, links, routes, permanent
 * entries of tables, IPsec, queueing disciplines. Counters, ages and what kernels learn by themselves are left out.
 */
export type Traces = readonly string[]

/** Two remote calls a node. */
export async function readTraces(cluster: Cluster): Promise<Traces> {
  const [states, queueing] = await Promise.all([
    readStates(cluster),
    Promise.all(
      cluster.nodes.map(async ({ host }) => {
        const { stdout } = await host.remote.exec(sh`tc qdisc show 2>/dev/null`, { idempotent: true })
        return queueingTraces(host.name, stdout)
      }),
    ),
  ])
  return [...[...states.values()].flatMap(stateTraces), ...queueing.flat()]
}

/** What is there now and was not, and the other way round, in words. */
export function traceChanges(before: Traces, now: Traces): string[] {
  const [missing, added] = [without(before, now), without(now, before)]
  return [...missing.map((trace) => `gone: ${trace}`), ...added.map((trace) => `new: ${trace}`)]
}

function without(traces: Traces, others: Traces): string[] {
  const left = new Map<string, number>()
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1)
  return traces.filter((trace) => {
    const count = left.get(trace) ?? 0
    left.set(trace, count - 1)
    return count <= 0
  })
}

/** Of `tc qdisc show`: the discipline of each interface. */
export function queueingTraces(host: string, output: string): string[] {
  return output.split('\n').flatMap((line) => {
    const [, kind, device] = /^qdisc (\S+) \S+ dev (\S+) root/.exec(line) ?? []
    return kind === undefined || device === undefined ? [] : [`${host}: ${device} queues by ${kind}`]
  })
}

export function stateTraces(state: HostState): string[] {
  const spaces = [['the host', state.root] as const, ...Object.entries(state.namespaces)]
  return [
    ...spaces.flatMap(([name, space]) => [
      `${state.host}: namespace ${name}`,
      ...namespaceTraces(space).map((trace) => `${state.host}, ${name}: ${trace}`),
    ]),
    ...state.securityAssociations.map(
      ({ source, destination, spi }) => `${state.host}: state ${source} to ${destination} ${spi}`,
    ),
    ...state.securityPolicies.map((policy) => `${state.host}: policy ${JSON.stringify(policy)}`),
  ]
}

function namespaceTraces(space: NamespaceState): string[] {
  return [
    ...space.firewall.map(
      ({ table, chain, position, rule }) => `rule ${position} of ${table} ${chain}: ${rule}`,
    ),
    ...space.ipvs.flatMap(({ firewallMark, destinations }) =>
      destinations.map(({ address, weight }) => `balancer ${firewallMark}: ${address}, weight ${weight}`),
    ),
    ...space.links.map(
      ({ name, mtuBytes, up, master, addresses }) =>
        `link ${name}, MTU ${mtuBytes}, ${up ? 'up' : 'down'}${master === undefined ? '' : `, on ${master}`}, ${addresses
          .filter(({ family }) => family === 'inet')
          .map(({ address, prefixLength }) => `${address}/${prefixLength}`)
          .toSorted()
          .join(' ')}`,
    ),
    ...Object.entries(space.settings ?? {})
      .filter(([name]) => name !== 'net.netfilter.nf_conntrack_count')
      .map(([name, value]) => `setting ${name} is ${value}`),
    ...(space.nftables ?? []).map(
      ({ family, table, chain, policy = '', rules }) =>
        `${rules.length} rules in ${family} ${table} ${chain} ${policy}`,
    ),
    ...space.routes.map(
      ({ destination, device, gateway }) => `route ${destination} by ${device} ${gateway ?? ''}`,
    ),
    ...space.neighbours
      .filter(({ state }) => state === 'PERMANENT')
      .map(({ address, mac, device }) => `neighbour ${address} is ${mac ?? '?'} on ${device}`),
    ...space.fdb
      .filter(({ permanent, vtep }) => permanent && vtep !== undefined)
      .map(({ mac, device, vtep }) => `entry ${mac} of ${device} to ${vtep ?? ''}`),
  ]
}
