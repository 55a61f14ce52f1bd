import type { AnsibleGroups, AnsibleVars } from './ansible-groups.ts'
import { expandRange } from './host-range.ts'
import { inventoryBounds } from './inventory-bounds.ts'
import { plainName } from './plain-name.ts'

/** Adds the hosts a pattern such as `web[01:03].example.com:2222` means. Returns what is wrong with it. */
export function addHosts(
  groups: AnsibleGroups,
  group: string,
  pattern: string,
  vars: AnsibleVars,
  at: { readonly file: string; readonly line: number },
): string | undefined {
  if (pattern.length > inventoryBounds.longestNameCharacters) return tooLong('host', pattern)
  if (pattern === '---') return "'---' begins a YAML file; give it the extension .yml"
  const { hosts, port } = withPort(pattern)
  if (hosts.endsWith(':')) return `host '${pattern}' ends in a colon without a port`
  const names = expandRange(hosts)
  if (typeof names === 'string') return names
  const other = names.find((name) => plainName(name) === undefined)
  if (other !== undefined)
    return `host '${other}' cannot be '.' or '..', or have a slash, backslash or control character in its name`
  for (const name of names) {
    const own = groups.addHost(name, group, at.line)
    if (port !== undefined) own.set('ansible_port', { text: port, ...at })
    for (const [key, value] of vars) own.set(key, value)
    groups.effort.spend(1 + vars.size, `host '${name}'`)
    if (groups.hostCount > inventoryBounds.mostHosts) return tooManyHosts
  }
  return undefined
}

export const tooManyHosts = `an inventory holds at most ${inventoryBounds.mostHosts} hosts, and here it has more`

/** What is wrong with the name of a group, before the group is made. */
export function groupNameProblem(groups: AnsibleGroups, name: string): string | undefined {
  if (name.length > inventoryBounds.longestNameCharacters) return tooLong('group', name)
  if (plainName(name) === undefined)
    return `group '${name}' cannot be '.' or '..', or have a slash, backslash or control character in its name`
  if (groups.groupCount >= inventoryBounds.mostGroups && !groups.has(name))
    return `an inventory holds at most ${inventoryBounds.mostGroups} groups, and here it has more`
  return undefined
}

function tooLong(kind: string, name: string): string {
  const { longestNameCharacters } = inventoryBounds
  return `${kind} '${name.slice(0, 40)}…' is written with ${name.length} characters, at most ${longestNameCharacters} are read`
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
