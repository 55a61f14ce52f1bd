import { dirname } from 'node:path'
import ipaddr from 'ipaddr.js'
import { SwarmproofError } from '../../error.ts'
import { parseDestination, type SshDestination } from '../../remote/open-ssh/destination.ts'
import type { Problems } from '../../topology/problems.ts'
import type { YamlCursor } from '../../topology/yaml-cursor.ts'
import type { InventoryHost } from '../inventory.ts'
import { inventoryBounds } from './inventory-bounds.ts'
import { keyFile } from './key-file.ts'

const rootKeys = ['hosts', 'defaults'] as const
const sharedKeys = ['user', 'port', 'key', 'jump', 'become'] as const
const hostKeys = [...['name', 'address'], ...sharedKeys, ...['role', 'advertise', 'data_path']] as const

type Shared = Pick<SshDestination, 'user' | 'port' | 'identityFiles' | 'proxyJump' | 'become'>

/** Reads the project's own inventory; complains, with line and key, about everything that does not fit. */
export function readOwnYaml(root: YamlCursor, file: string, problems: Problems): readonly InventoryHost[] {
  const keys = root.record(rootKeys)
  const folder = dirname(file)
  const defaults = readShared(keys?.get('defaults')?.record(sharedKeys), folder)
  const at = keys?.get('hosts')
  if (at === undefined) {
    if (keys !== undefined) problems.add(1, 'hosts', 'is missing; a list or a map of hosts is needed')
    return []
  }
  const found = entries(at)
  const { mostHosts } = inventoryBounds
  if (found.length > mostHosts)
    at.complain(`an inventory holds at most ${mostHosts} hosts, here are ${found.length}`)
  const hosts = found
    .slice(0, mostHosts)
    .flatMap(({ name, at: entry }) => readHost(name, entry, defaults, folder))
  complainAboutTwins(hosts)
  return hosts.map(({ host }) => host)
}

/** A map has its names as keys, a list in its entries. */
function entries(at: YamlCursor): { readonly name?: string; readonly at: YamlCursor }[] {
  if (at.kind === 'list') return at.list().map((entry) => ({ at: entry }))
  if (at.kind !== 'map') {
    at.complain(`must be a list or a map of hosts, is ${at.written}`)
    return []
  }
  const found = [...(at.map() ?? [])].map(([name, entry]) => ({ name, at: entry }))
  if (found.length === 0) at.complain('at least one host is needed')
  return found
}

interface ReadHost {
  readonly host: InventoryHost
  readonly at: YamlCursor
}

function readHost(key: string | undefined, at: YamlCursor, defaults: Shared, folder: string): ReadHost[] {
  // A host may be no more than its address.
  if (at.kind === 'value') {
    const place = destinationOf(at, 'must be [user@]host[:port]')
    return place === undefined ? [] : [built(key ?? place.name, place, defaults, {}, {}, at)]
  }
  if (at.kind === 'nothing' && key !== undefined) {
    return [built(key, { name: key, hostname: key }, defaults, {}, {}, at)]
  }
  const keys = at.record(key === undefined ? hostKeys : hostKeys.filter((name) => name !== 'name'))
  if (keys === undefined) return []
  const addressAt = keys.get('address')
  const given = keys.get('name')?.text() ?? key
  if (addressAt === undefined && given === undefined) {
    if ([...keys.keys()].every((name) => hostKeys.some((known) => known === name)))
      at.complain('address is missing, such as 192.0.2.10 or deploy@host.example.net')
    return []
  }
  const place =
    addressAt === undefined
      ? { name: given ?? '', hostname: given ?? '' }
      : destinationOf(addressAt, 'must be [user@]host[:port]')
  if (place === undefined) return []
  return [built(given ?? place.name, place, defaults, readShared(keys, folder), readAddresses(keys), at)]
}

function built(
  name: string,
  place: SshDestination,
  defaults: Shared,
  own: Shared,
  rest: Omit<InventoryHost, 'name' | 'destination'>,
  at: YamlCursor,
): ReadHost {
  return { host: { name, destination: { ...defaults, ...place, ...own, name }, ...rest }, at }
}

function destinationOf(at: YamlCursor, what: string): SshDestination | undefined {
  const text = at.value
  if (text === undefined) {
    at.complain(`${what}, is ${at.written}`)
    return undefined
  }
  try {
    return parseDestination(text)
  } catch (error) {
    if (!(error instanceof SwarmproofError)) throw error
    at.complain(`${what}, is ${at.written}`)
    return undefined
  }
}

function readShared(keys: ReadonlyMap<string, YamlCursor> | undefined, folder: string): Shared {
  const [user, port] = [keys?.get('user')?.text(), keys?.get('port')?.integer(1, 65_535)]
  const [files, jump] = [texts(keys?.get('key')), texts(keys?.get('jump'))]
  const become = keys?.get('become')?.flag()
  return {
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(files === undefined ? {} : { identityFiles: files.map((name) => keyFile(name, folder)) }),
    ...(jump === undefined ? {} : { proxyJump: jump.join(',') }),
    ...(become === undefined ? {} : { become }),
  }
}

function texts(at: YamlCursor | undefined): readonly string[] | undefined {
  if (at === undefined) return undefined
  const found = (at.kind === 'list' ? at.list() : [at]).map((one) => one.text())
  return found.filter((text) => text !== undefined)
}

function readAddresses(keys: ReadonlyMap<string, YamlCursor>): Omit<InventoryHost, 'name' | 'destination'> {
  const role = keys.get('role')?.oneOf(['manager', 'worker'])
  const [advertise, dataPath] = [address(keys.get('advertise')), address(keys.get('data_path'))]
  return {
    ...(role === undefined ? {} : { role }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(dataPath === undefined ? {} : { dataPath }),
  }
}

function address(at: YamlCursor | undefined): string | undefined {
  const text = at?.text()
  if (text === undefined || isIpv4(text)) return text
  at?.complain(`must be an IPv4 address of the host, without prefix length or port, is '${text}'`)
  return undefined
}

export function isIpv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text)
}

function complainAboutTwins(hosts: readonly ReadHost[]): void {
  const [names, places] = [new Map<string, YamlCursor>(), new Map<string, ReadHost>()]
  for (const one of hosts) {
    const { name, destination } = one.host
    const twin = names.get(name)
    if (twin === undefined) names.set(name, one.at)
    else one.at.complain(`host '${name}' is there twice, first on line ${twin.line}`)
    const place = `${destination.hostname}:${destination.port ?? ''}:${destination.proxyJump ?? ''}`
    const same = places.get(place)
    if (same === undefined) places.set(place, one)
    else if (twin === undefined) one.at.complain(`is reached at the same address as '${same.host.name}'`)
  }
}
