import { execSections } from '../../lib/remote/sections.ts'
import { sh } from '../../lib/script.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'

/** Addresses by name, as a file `/etc/hosts` gives them. */
export type HostsFile = ReadonlyMap<string, readonly string[]>

/** The file of a node and that of a task on it; one remote call. */
export async function readHostsFiles(
  { host }: ClusterNode,
  { pid }: Task,
): Promise<{ readonly host: HostsFile; readonly task: HostsFile }> {
  const script = sh`echo "$mark host"; cat /etc/hosts; echo; echo "$mark task"; cat /proc/${pid}/root/etc/hosts`
  const { sections } = await execSections(host.remote, script, { idempotent: true })
  const fileOf = (name: string): HostsFile => hostsFile(sections.lines(name).join('\n'))
  return { host: fileOf('host'), task: fileOf('task') }
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
