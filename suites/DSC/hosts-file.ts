import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'

/** Addresses by name, as a file `/etc/hosts` gives them. */
export type HostsFile = ReadonlyMap<string, readonly string[]>

const marker = '@@swarmproof'

/** The file of a node and that of a task on it; one remote call. */
export async function readHostsFiles(
  { host }: ClusterNode,
  { pid }: Task,
): Promise<{ readonly host: HostsFile; readonly task: HostsFile }> {
  const script = `cat /etc/hosts; echo; echo '${marker}'; cat /proc/${pid}/root/etc/hosts`
  const { stdout } = await host.remote.exec(script, { idempotent: true })
  const [own = '', inside = ''] = stdout.split(marker)
  return { host: hostsFile(own), task: hostsFile(inside) }
}

/** hosts(5): an address, then names; comments from # on. */
export function hostsFile(text: string): HostsFile {
  const names = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address, ...own] = (line.split('#')[0] ?? '').trim().split(/\s+/)
    if (address === undefined || address === '') continue
    for (const name of own) names.set(name, [...(names.get(name) ?? []), address])
  }
  return names
}

/** Names the host’s file gives an address that is not on a loopback, so that they would mean something elsewhere. */
export function namesOfHost(file: HostsFile): string[] {
  return [...file]
    .filter(([, addresses]) => addresses.some((address) => !/^(127\.|::1$|f[ef]0[0-9a-f]?::)/.test(address)))
    .map(([name]) => name)
}
