import type { Cluster } from '../../lib/swarm/cluster.ts'
import type { Stack } from '../../lib/swarm/stack.ts'

/** Shorter ones turn up in random bytes by chance. */
const shortestName = 6

/** Names that encrypted control traffic must not show: of services, networks and nodes. */
export function namesToHide(cluster: Cluster, stack: Stack): string[] {
  const names = [
    ...Object.values(stack.services).map(({ name }) => name),
    ...Object.values(stack.networks).map(({ name }) => name),
    ...cluster.nodes.map(({ host }) => host.name),
  ]
  return [...new Set(names)].filter((name) => name.length >= shortestName)
}

/** Names, and ids, which gossip tells as text, too. */
export function secretsOf(cluster: Cluster, stack: Stack): string[] {
  return [
    ...namesToHide(cluster, stack),
    ...Object.values(stack.networks).map(({ id }) => id),
    ...Object.values(stack.services).map(({ id }) => id),
    ...stack.tasks.map(({ id }) => id),
  ]
}

/** Those of the names that stand in one of the payloads as they are written. */
export function readableNames(payloads: readonly Buffer[], names: readonly string[]): string[] {
  return names.filter((name) => payloads.some((payload) => payload.includes(name)))
}
