import { isIPv4 } from 'node:net'
import { execSections } from '../../lib/remote/sections.ts'
import { scriptLines, sh } from '../../lib/script.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'

/** How a host's engine comes to its nameservers. */
export interface HostResolver {
  /** IPv4 addresses, in the order they are asked. */
  readonly nameservers: readonly string[]
  readonly searchDomains: readonly string[]
  readonly from: string
}

const engineFile = '/etc/docker/daemon.json'

/**
 * Files the engine takes nameservers from. Where the host's resolv.conf names nothing but the stub of systemd-resolved,
 * it reads that service's own list instead (Moby, libnetwork/resolvconf, Path).
 */
const files = [engineFile, '/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

/** One remote call. */
export async function readHostResolver({ host }: ClusterNode): Promise<HostResolver> {
  const each = files.map((file) => sh`echo "$mark" ${file}; cat ${file} 2>/dev/null; echo`)
  const { sections } = await execSections(host.remote, scriptLines(each), { idempotent: true })
  return hostResolver((file) => sections.lines(file).join('\n'))
}

/** `read` gives the text of a file, empty if there is none. */
export function hostResolver(read: (file: string) => string): HostResolver {
  const [engine = '', host = '', systemd = ''] = files
  const own = resolvConf(read(host))
  const given = engineServers(read(engine))
  if (given.length > 0) return { ...own, nameservers: given, from: engine }
  const stubOnly = own.nameservers.length > 0 && own.nameservers.every((address) => address === '127.0.0.53')
  return stubOnly ? { ...resolvConf(read(systemd)), from: systemd } : { ...own, from: host }
}

function resolvConf(text: string): Omit<HostResolver, 'from'> {
  const values = (key: string) =>
    text
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([word]) => word === key)
      .map(([, ...rest]) => rest)
  return {
    nameservers: values('nameserver').flatMap(([address]) =>
      address !== undefined && isIPv4(address) ? [address] : [],
    ),
    // The last line counts.
    searchDomains: values('search').at(-1) ?? [],
  }
}

function engineServers(text: string): string[] {
  try {
    const { dns } = JSON.parse(text) as { readonly dns?: readonly string[] }
    return (dns ?? []).filter((address) => isIPv4(address))
  } catch {
    return []
  }
}
