import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { missingToolOf } from '../missing-tool.ts'
import { execSections } from '../remote/sections.ts'
import { sh } from '../remote/script.ts'
import { parseFirewall } from './firewall.ts'
import type { NamespaceState } from './host-state.ts'
import { parseIpvs } from './ipvs.ts'

/**
 * What one namespace balances now: much less, and much sooner read, than a host's whole state, for tests that watch
 * it change. Undefined if the host has no such namespace.
 */
export async function readBalancer(
  host: Host,
  namespacePath: string,
): Promise<Pick<NamespaceState, 'ipvs' | 'firewall'> | undefined> {
  const inside = sh`iptables-save -c -t mangle && echo "$1 ipvs" && cat /proc/net/ip_vs && echo "$1 end"`
  const { result, sections } = await execSections(
    host.remote,
    sh`[ -e ${namespacePath} ] || exit 44
echo "$mark firewall"
nsenter --net=${namespacePath} sh -c ${inside.text} sh "$mark"`,
    { idempotent: true },
  )
  const { exitCode, stderr } = result
  if (exitCode === 44) return undefined
  if (exitCode === 0 && sections.complete) {
    return { firewall: parseFirewall(sections.lines('firewall')), ipvs: parseIpvs(sections.lines('ipvs')) }
  }
  const missing = missingToolOf(host.name, { exitCode, stderr })
  if (missing !== undefined) throw missing
  throw new SwarmproofError({
    code: 'OBSERVE_FAILED',
    what: `the balancer in ${namespacePath} could not be read`,
    host: host.name,
    observed: `exit code ${exitCode}: ${stderr.trim().slice(-300)}`,
  })
}
