import { eventually } from '../eventually.ts'
import type { Host } from '../host/host.ts'
import type { Cluster } from './cluster.ts'
import { containerEvents } from './container-events.ts'
import { objectPath } from './engine-api.ts'
import { engineOf } from './engine-of.ts'

/** Longest a command on a manager may take that makes it wait for others. */
export const commandLimitMs = 120_000

const endedWithinMs = 70_000
const freedWithinMs = 45_000

/**
 * Removes services, whether or not they are there, and waits until no container of theirs runs on any node; they end
 * after the swarm has forgotten their tasks. Goes on when a run was interrupted, for that must clean up, too.
 * @param label of the run, by whose events it is seen
 * @throws SwarmproofError `BOUND_EXCEEDED` with the manager's words where it does not remove one within 45 s, as one that
 *   has no leader for a while, or naming a node on which a container still runs after 70 s
 */
export async function removeServices(
  cluster: Cluster,
  names: readonly string[],
  label: string,
): Promise<void> {
  if (names.length === 0) return
  const wakes = cluster.nodes.map((node) => ({ node, wake: containerEvents({ nodes: [node] }, label) }))
  await Promise.all(wakes.map(({ wake }) => wake.begin()))
  await Promise.all(names.map((name) => removed(cluster.manager.host, 'services', name)))
  await Promise.all(
    wakes.map(async ({ node: { host }, wake }) => {
      const what = `no container of ${names.join(', ')} runs`
      const bound = { what, withinMs: endedWithinMs, everyMs: 1000, host: host.name, wake }
      await eventually(bound, async () => {
        const left = (await Promise.all(names.map((name) => runningOf(host, name)))).flat()
        return left.length === 0
          ? { ready: true, value: undefined }
          : { ready: false, seen: `${left.length} run: ${left.join(', ').slice(0, 200)}` }
      })
    }),
  )
}

/** Ids of containers of a service that run on a host. */
async function runningOf(host: Host, service: string): Promise<string[]> {
  const label = [`com.docker.swarm.service.name=${service}`]
  const found = await engineOf(host).list('/containers/json', { filters: { label } })
  return (found as { readonly Id: string }[]).map(({ Id }) => Id.slice(0, 12))
}

/**
 * Removes networks, whether or not they are there. A task that just left may hold one for a moment.
 * @throws SwarmproofError `BOUND_EXCEEDED` with the manager's words while one is held, after 45 s
 */
export async function removeNetworks({ manager }: Cluster, names: readonly string[]): Promise<void> {
  const { host } = manager
  for (const name of names) await removed(host, 'networks', name)
}

async function removed(host: Host, kind: 'networks' | 'services', name: string): Promise<void> {
  const what = `${kind === 'networks' ? 'network' : 'service'} ${name} is removed`
  await eventually({ what, withinMs: freedWithinMs, host: host.name }, async () => {
    await engineOf(host).delete(objectPath(kind, name))
    return { ready: true, value: undefined }
  })
}
