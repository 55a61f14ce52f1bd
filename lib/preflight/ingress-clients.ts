import type { KnownHost } from '../discovery/known-host.ts'
import type { HostFinding } from './host-findings.ts'

/** What swarms give their ingress network where nobody says otherwise. */
const usualIngress = '10.0.0.0/24'

/** Whom published ports do not answer: said of every swarm, for no host knows where clients are. */
export function ingressClients(hosts: readonly KnownHost[]): readonly HostFinding[] {
  const manager = hosts.find(({ facts }) => facts.swarm.isManager) ?? hosts[0]
  if (manager === undefined) return []
  const { inventory, facts } = manager
  const isNew = facts.swarm.state === 'inactive'
  const subnets = isNew
    ? [usualIngress]
    : facts.networks.find(({ name, driver }) => name === 'ingress' && driver === 'overlay')?.subnets
  if (subnets === undefined || subnets.length === 0) return []
  return [
    {
      ...{ host: inventory.name, name: 'ingress', status: 'ok' },
      detail: `${isNew ? 'a new swarm makes it' : 'it is'} ${subnets.join(', ')}: published ports never answer clients with addresses of that network`,
    },
  ]
}
