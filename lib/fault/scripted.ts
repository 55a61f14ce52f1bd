import { SwarmproofError } from '../error.ts'
import { type Script, sh } from '../script.ts'
import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import { namespacePath } from '../swarm/namespaces.ts'
import type { Fault } from './fault.ts'
import { shell } from '../change/shell.ts'

/** Plants by one script and removes by another. */
export async function scripted(
  node: ClusterNode,
  script: { readonly plant: Script; readonly remove: Script },
): ReturnType<Fault['plant']> {
  await shell(node.host, script.plant)
  return {
    host: node.host.name,
    remove: async () => {
      await shell(node.host, script.remove)
    },
  }
}

/**
 * Waits until connection tracking holds nothing of a translation any more: what was translated stays so as long as packets
 * come, and for 30 s more.
 *
 * @param translated matches a line of such a connection
 */
export const untilForgotten = (translated: string): Script => sh`i=0
while grep -q ${translated} /proc/net/nf_conntrack; do
  i=$((i + 1)); [ "$i" -lt 60 ] || { echo 'connections are still translated' >&2; exit 1; }
  sleep 2
done`

/** The node faults are planted on unless they need another: the last, a worker wherever there is one. */
export function victim(cluster: Cluster): ClusterNode {
  return requireForFault(cluster.nodes.at(-1), 'a node')
}

/** A node other than the victim. */
export function bystander(cluster: Cluster): ClusterNode {
  return requireForFault(cluster.nodes.at(0), 'a node')
}

export function requireForFault<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value
  throw new SwarmproofError({
    code: 'FAULT_IMPOSSIBLE',
    what: `the lab lacks ${what} to plant the fault on`,
  })
}

/** Runs a command in a network namespace of the engine. */
export function inNamespace(name: string, command: Script): Script {
  return sh`nsenter --net=${namespacePath(name)} ${command}`
}
