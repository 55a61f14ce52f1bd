import type { Host } from '../host/host.ts'
import { sh } from '../script.ts'
import { parseFirewall } from './firewall.ts'
import type { NamespaceState } from './host-state.ts'
import { parseIpvs } from './ipvs.ts'
import { readInNamespace } from './namespace-script.ts'

const inside = sh`echo "$1 firewall" && iptables-save -c -t mangle && echo "$1 ipvs" && cat /proc/net/ip_vs`

/**
 * What one namespace balances now: much less, and much sooner read, than a host's whole state, for tests that watch
 * it change. Undefined if the host has no such namespace.
 */
export async function readBalancer(
  host: Host,
  namespacePath: string,
): Promise<Pick<NamespaceState, 'ipvs' | 'firewall'> | undefined> {
  const sections = await readInNamespace(host, {
    ...{ path: namespacePath, inside, tools: ['iptables-save'], what: 'the balancer' },
  })
  if (sections === undefined) return undefined
  return { firewall: parseFirewall(sections.lines('firewall')), ipvs: parseIpvs(sections.lines('ipvs')) }
}
