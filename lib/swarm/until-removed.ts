import type { Cluster } from './cluster.ts'
import { scriptLines, sh } from '../script.ts'
import { docker } from './docker.ts'

/** Longest a script that waits may take; those here give up before it. */
export const commandLimitMs = 120_000

/**
 * Between the `n`th look of a script and the next. Each look starts a docker client, which takes an emulated host most
 * of a second: looking all the time would keep it from the very thing that is awaited.
 */
const pause = sh`if [ $n -lt 3 ]; then sleep 0.5; else sleep 2; fi`

/**
 * Waits on every node until no container of these services runs there; they end after the swarm has forgotten their
 * tasks. Goes on when a run was interrupted, for that must clean up, too.
 * @throws SwarmproofError `DOCKER_FAILED` naming a node on which one still runs after 70 s and more
 */
export async function untilContainersEnded({ nodes }: Cluster, services: readonly string[]): Promise<void> {
  const each = scriptLines(
    services.map((name) => sh`docker ps -q --filter ${`label=com.docker.swarm.service.name=${name}`}`),
  )
  const wait = sh`n=0; while [ -n "$(${each})" ]; do n=$((n+1)); [ $n -lt 36 ] || exit 1; ${pause}; done`
  await Promise.all(nodes.map(({ host }) => docker(host, wait, { timeoutMs: commandLimitMs })))
}

/**
 * Removes networks, whether or not they are there. A task that just left may hold one for a moment.
 * @throws SwarmproofError `DOCKER_FAILED` with the manager's words while one is held, after 45 s and more
 */
export async function removeNetworks({ manager }: Cluster, names: readonly string[]): Promise<void> {
  const tries = names.map(
    (name) =>
      sh`n=0; while docker network inspect ${name} >/dev/null 2>&1 && ! out=$(docker network rm ${name} 2>&1); do n=$((n+1)); [ $n -lt 24 ] || { echo "$out" >&2; exit 1; }; ${pause}; done`,
  )
  if (tries.length > 0) await docker(manager.host, scriptLines(tries), { timeoutMs: commandLimitMs })
}
