import type { Cluster } from './cluster.ts'
import { scriptFile } from '../script-file.ts'
import { docker } from './docker.ts'

/**
 * Longest a script that waits may take; those here give up before it. Between looks they pause 0.5 s, then 2 s: each
 * look starts a docker client, which takes an emulated host most of a second, and looking all the time would keep it
 * from the very thing that is awaited.
 */
export const commandLimitMs = 120_000

/**
 * Waits on every node until no container of these services runs there; they end after the swarm has forgotten their
 * tasks. Goes on when a run was interrupted, for that must clean up, too.
 * @throws SwarmproofError `DOCKER_FAILED` naming a node on which one still runs after 70 s and more
 */
export async function untilContainersEnded({ nodes }: Cluster, services: readonly string[]): Promise<void> {
  const wait = scriptFile(import.meta.url, 'until-containers-ended.sh', {}, services)
  await Promise.all(nodes.map(({ host }) => docker(host, wait, { timeoutMs: commandLimitMs })))
}

/**
 * Removes networks, whether or not they are there. A task that just left may hold one for a moment.
 * @throws SwarmproofError `DOCKER_FAILED` with the manager's words while one is held, after 45 s and more
 */
export async function removeNetworks({ manager }: Cluster, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const remove = scriptFile(import.meta.url, 'remove-networks.sh', {}, names)
  await docker(manager.host, remove, { timeoutMs: commandLimitMs })
}
