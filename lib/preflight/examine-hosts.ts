import { SwarmproofError } from '../error.ts'
import { clones } from './clones.ts'
import { discoverNodes } from '../discovery/discover-nodes.ts'
import { enginesApart } from './engines-apart.ts'
import { type HostFinding, hostFindings } from './host-findings.ts'
import { hostsTogether } from './hosts-together.ts'
import type { Inventory } from '../discovery/inventory.ts'
import type { KnownHost } from '../discovery/known-host.ts'
import { twins } from '../discovery/overlaps.ts'
import { chooseAddresses, type HostAddresses } from '../discovery/own-addresses.ts'
import type { Preflight } from './finding.ts'
import { measure } from './measure.ts'
import { measuredHosts } from './measured-hosts.ts'
import { reachHosts, type ReachOptions } from '../discovery/reach-hosts.ts'

export interface HostsExamined {
  readonly findings: readonly HostFinding[]
  /** Undefined where there were not two hosts to measure between. */
  readonly preflight?: Preflight
  readonly warnings: readonly string[]
}

/** Looks at hosts without changing anything: each by itself, and what gets through between them. */
export async function examineHosts(inventory: Inventory, options: ReachOptions): Promise<HostsExamined> {
  const reached = await reachHosts(inventory.hosts, options)
  const findings: HostFinding[] = reached.flatMap((one) =>
    one.ok ? [] : [lost(one.inventory.name, one.error)],
  )
  const warnings = [...inventory.warnings]
  const given = reached.flatMap((one) => (one.ok ? [one.host] : []))
  const known = await completed(given, options, findings, warnings)
  const addresses = addressesOf(known, findings)
  for (const host of known) findings.push(...hostFindings(host, addresses?.get(host)))
  findings.push(...enginesApart(known), ...hostsTogether(known))
  for (const { host, isOne, what } of twins(known)) {
    findings.push({ host, name: 'identity', status: isOne ? 'missing' : 'warning', detail: what })
  }
  findings.push(...clones(known))
  if (addresses === undefined || known.length < 2) return { findings, warnings }
  const { hosts, dataPathPort } = measuredHosts(known, addresses)
  const preflight = await measure(hosts, { ...options, dataPathPort })
  return { findings, preflight, warnings }
}

/** With a manager among them, the nodes of its swarm that nobody named are looked at, too. */
async function completed(
  given: readonly KnownHost[],
  options: ReachOptions,
  findings: HostFinding[],
  warnings: string[],
): Promise<readonly KnownHost[]> {
  const manager = given.find(({ facts }) => facts.swarm.isManager)
  if (manager === undefined) return given
  try {
    const found = await discoverNodes(given, options)
    warnings.push(...found.warnings)
    return found.hosts
  } catch (error) {
    if (!(error instanceof SwarmproofError) || options.signal.aborted) throw error
    findings.push(lost(error.host ?? manager.inventory.name, error, 'nodes'))
    return given
  }
}

function addressesOf(
  known: readonly KnownHost[],
  findings: HostFinding[],
): ReadonlyMap<KnownHost, HostAddresses> | undefined {
  try {
    return chooseAddresses(known)
  } catch (error) {
    if (!(error instanceof SwarmproofError)) throw error
    const finding = lost(error.host ?? known[0]?.inventory.name ?? '', error, 'addresses')
    // What kept the other nodes from being found is said once.
    if (!findings.some(({ host, detail }) => host === finding.host && detail === finding.detail))
      findings.push(finding)
    return undefined
  }
}

function lost(host: string, error: Error, name = 'access'): HostFinding {
  const detail = error instanceof SwarmproofError ? error.detail : undefined
  return {
    ...{ host, name, status: 'missing' as const },
    detail: (detail === undefined
      ? error.message
      : [detail.what, detail.observed].filter(Boolean).join(': ')
    ).replaceAll(/\s*\n-? */g, ' '),
    ...(detail?.hint === undefined ? {} : { hint: detail.hint }),
  }
}
