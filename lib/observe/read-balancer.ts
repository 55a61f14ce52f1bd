import type { Host } from '../host/host.ts'
import { scriptFile } from '../script-file.ts'
import { parseFirewall } from './firewall.ts'
import type { NamespaceState } from './host-state.ts'
import { parseIpvs } from './ipvs.ts'
import { parseNftables } from './nftables.ts'
import { readInNamespace } from './namespace-script.ts'

const inside = scriptFile(import.meta.url, 'balancer.sh')

/**
 * What one namespace balances now: much less, and much sooner read, than a host's whole state, for tests that watch
 * it change. Undefined if the host has no such namespace.
 */
export async function readBalancer(
  host: Host,
  namespacePath: string,
): Promise<Pick<NamespaceState, 'ipvs' | 'firewall' | 'nftables'> | undefined> {
  const sections = await readInNamespace(host, {
    ...{ path: namespacePath, inside, tools: ['iptables-save'], what: 'the balancer' },
  })
  if (sections === undefined) return undefined
  const [nft] = sections.lines('nft')
  return {
    ...{ firewall: parseFirewall(sections.lines('firewall')), ipvs: parseIpvs(sections.lines('ipvs')) },
    ...(nft === undefined ? {} : { nftables: parseNftables(nft) }),
  }
}
