import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { missingToolOf } from '../missing-tool.ts'
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
  const { exitCode, stdout, stderr } = await host.remote.exec(
    `[ -e ${namespacePath} ] || exit 44; nsenter --net=${namespacePath} sh -c 'iptables-save -c -t mangle && echo @@ && cat /proc/net/ip_vs'`,
    { idempotent: true },
  )
  if (exitCode === 44) return undefined
  if (exitCode === 0) {
    const [firewall = '', ipvs = ''] = stdout.split('@@\n')
    return { firewall: parseFirewall(firewall.split('\n')), ipvs: parseIpvs(ipvs.split('\n')) }
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
