import type { ClusterFacts } from '../../lib/observation/facts.ts'

type Named = Pick<ClusterFacts, 'services' | 'networks' | 'nodes' | 'tasks'>

/** Shorter ones turn up in random bytes by chance. */
const shortestName = 6

/** Names that encrypted control traffic must not show: of services, networks and nodes. */
export function namesToHide({ services, networks, nodes }: Named): string[] {
  const names = [
    ...Object.values(services).map(({ name }) => name),
    ...Object.values(networks).map(({ name }) => name),
    ...nodes.map(({ name }) => name),
  ]
  return [...new Set(names)].filter((name) => name.length >= shortestName)
}

/** Names, and ids, which gossip tells as text, too. */
export function secretsOf(facts: Named): string[] {
  return [
    ...namesToHide(facts),
    ...Object.values(facts.networks).map(({ id }) => id),
    ...Object.values(facts.services).map(({ id }) => id),
    ...facts.tasks.map(({ id }) => id),
  ]
}

/** Those of the names that stand in one of the payloads as they are written. */
export function readableNames(payloads: readonly Buffer[], names: readonly string[]): string[] {
  return names.filter((name) => payloads.some((payload) => payload.includes(name)))
}
