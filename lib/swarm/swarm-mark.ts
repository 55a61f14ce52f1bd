import { randomInt } from 'node:crypto'
import type { Host } from '../host/host.ts'
import { sh } from '../script.ts'
import { docker } from './docker.ts'

/** What `docker swarm init` gives certificates by itself: 90 days. */
const usualExpiry = '2160h0m0s'

/**
 * A validity of certificates that no other swarm has, as `docker info` prints it: the usual 90 days and a fraction of a
 * second by chance. Part of `docker swarm init` itself, it is the one thing by which a swarm can be told to be a run's
 * own by whoever finds it, also where the run was killed before it read an id.
 */
export function newSwarmMark(): string {
  const digits = Array.from({ length: 9 }, (_, index) => (index === 8 ? randomInt(1, 10) : randomInt(10)))
  return usualExpiry.replace('0s', `0.${digits.join('')}s`)
}

/** Of a swarm that is to stay. */
export async function removeSwarmMark(manager: Host): Promise<void> {
  await docker(manager, sh`docker swarm update --cert-expiry ${usualExpiry}`)
}
