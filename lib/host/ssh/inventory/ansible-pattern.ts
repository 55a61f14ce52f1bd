import type { AnsibleGroups, AnsibleVars } from './ansible-groups.ts'
import { expandRange } from './host-range.ts'

/** Adds the hosts a pattern such as `web[01:03].example.com:2222` means. Returns what is wrong with it. */
export function addHosts(
  groups: AnsibleGroups,
  group: string,
  pattern: string,
  vars: AnsibleVars,
  at: { readonly file: string; readonly line: number },
): string | undefined {
  if (pattern === '---') return "'---' begins a YAML file; give it the extension .yml"
  const { hosts, port } = withPort(pattern)
  if (hosts.endsWith(':')) return `host '${pattern}' ends in a colon without a port`
  const names = expandRange(hosts)
  if (typeof names === 'string') return names
  for (const name of names) {
    const own = groups.addHost(name, group, at.line)
    if (port !== undefined) own.set('ansible_port', { text: port, ...at })
    for (const [key, value] of vars) own.set(key, value)
  }
  return undefined
}

/** The colons of ranges and of IPv6 addresses begin no port. */
function withPort(pattern: string): { readonly hosts: string; readonly port?: string } {
  const bracketed = /^\[([0-9a-fA-F:]*::?[0-9a-fA-F:]*)\](?::(\d+))?$/.exec(pattern)
  if (bracketed !== null && (bracketed[1] ?? '').split(':').length > 3) {
    return { hosts: bracketed[1] ?? '', ...(bracketed[2] === undefined ? {} : { port: bracketed[2] }) }
  }
  const match = /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(pattern)
  return match === null ? { hosts: pattern } : { hosts: match[1] ?? '', port: match[2] ?? '' }
}
