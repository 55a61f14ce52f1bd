import { SwarmproofError } from '../error.ts'
import type { KnownHost } from '../discovery/known-host.ts'
import { advertisedApart } from './advertised-apart.ts'
import type { HostFinding } from './host-findings.ts'
import { ingressClients } from './ingress-clients.ts'
import { poolsTaken } from './pools-taken.ts'
import { vxlanInTheWay } from './vxlan-in-the-way.ts'

/** What is between hosts and a swarm of them, by the facts of all of them. */
export function hostsTogether(known: readonly KnownHost[]): readonly HostFinding[] {
  return [
    ...vxlanInTheWay(known),
    ...known.flatMap(poolsTaken),
    ...advertisedApart(known),
    ...ingressClients(known),
  ]
}

/**
 * Before anything is created: what will fail, as lines.
 * @throws SwarmproofError `HOSTS_NOT_READY` where a swarm is to be built and something keeps it from working
 */
export function requireReady(known: readonly KnownHost[], init: boolean): readonly string[] {
  const found = hostsTogether(known).filter(({ status }) => status !== 'ok')
  const fatal = found.filter(({ status }) => init && status === 'missing')
  if (fatal.length === 0)
    return found.map(({ host, detail, hint = '' }) => `${host}: ${detail}${hint && `; ${hint}`}`)
  throw new SwarmproofError({
    code: 'HOSTS_NOT_READY',
    what: `no swarm can be built of these hosts:\n${fatal.map(({ host, detail }) => `- ${host}: ${detail}`).join('\n')}`,
    hint: [...new Set(fatal.flatMap(({ hint }) => hint ?? []))].join('; '),
  })
}
