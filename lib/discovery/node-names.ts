import ipaddr from 'ipaddr.js'
import type { KnownHost } from './known-host.ts'

/**
 * Names of nodes as reports show them: what an inventory calls a host, else what the machine calls itself; short,
 * where that tells them apart. Topologies allow 31 lower-case letters, digits and hyphens.
 */
export function nodeNames(hosts: readonly KnownHost[]): ReadonlyMap<KnownHost, string> {
  const whole = hosts.map(({ inventory, facts }) =>
    isMereAddress(inventory.name) ? facts.hostname : inventory.name,
  )
  const short = whole.map((name) => fitting(name.split('.')[0] ?? name))
  const isTwice = (name: string | undefined, names: readonly string[]): boolean =>
    names.filter((other) => other === name).length > 1
  const named = short.map((name, index) => (isTwice(name, short) ? fitting(whole[index] ?? name) : name))
  return new Map(
    hosts.map((host, index) => {
      const name = named[index] ?? 'host'
      if (!isTwice(name, named)) return [host, name]
      const number = named.slice(0, index + 1).filter((other) => other === name).length
      return [host, `${name.slice(0, 28)}-${number}`]
    }),
  )
}

function isMereAddress(name: string): boolean {
  return ipaddr.isValid(name) || /:\d+$/.test(name)
}

function fitting(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return (/^[a-z]/.test(plain) ? plain : `host-${plain}`).slice(0, 31).replace(/-+$/, '')
}
