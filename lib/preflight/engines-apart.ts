import { apartWhenEncrypted } from '../topology/spi-rule.ts'
import type { HostFinding } from './host-findings.ts'
import type { KnownHost } from '../discovery/known-host.ts'

type Versioned = Pick<KnownHost, 'inventory'> & {
  readonly facts: { readonly engine: Pick<KnownHost['facts']['engine'], 'version'> }
}

/** What no host tells by itself: engines whose encrypted networks do not meet. */
export function enginesApart(hosts: readonly Versioned[]): readonly HostFinding[] {
  const apart = apartWhenEncrypted(hosts.map(({ facts }) => facts.engine.version))
  if (apart === undefined) return []
  return hosts
    .filter(({ facts }) => apart.some.includes(facts.engine.version))
    .map(({ inventory, facts }) => ({
      host: inventory.name,
      name: 'engine',
      status: 'warning',
      detail: `${facts.engine.version}: encrypted overlays carry nothing to and from engine ${apart.others.join(', ')} (moby/moby#51798)`,
      hint: 'bring all nodes to the same engine, 29.2.1 or later (25.0.15 of the 25.0 series)',
    }))
}
