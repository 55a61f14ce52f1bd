import { InputError } from '../../error.ts'
import type { ConfigLine, Place } from './config-file.ts'
import { lookUp } from './config-lookup.ts'
import type { Settings } from './config-lookup.ts'
import type { SshDestination } from './destination.ts'
import { refused } from './keywords.ts'
import { countOf, durationMsOf, first, flagOf, portOf, textOf, valueError } from './setting-values.ts'
import type { Surroundings } from './surroundings.ts'
import { expandPath, expandTokens } from './tokens.ts'

/** How one host is reached: what was asked for, completed by ssh_config and its defaults. */
export interface HostSettings {
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly IdentityFile[]
  readonly identitiesOnly: boolean
  /** Of `IdentityAgent`; false: none. */
  readonly agentSocket?: string | false
  /** As written, from the nearest to us to the nearest to the host. */
  readonly proxyJump: readonly string[]
  readonly knownHostsFiles: readonly string[]
  readonly hostKeyAlias?: string
  /** A `StrictHostKeyChecking` that asks for less than `yes`. It is not followed, only told of. */
  readonly laxChecking?: { readonly value: string; readonly place: Place }
  readonly connectTimeoutMs?: number
  readonly keepaliveIntervalMs?: number
  readonly keepaliveMisses?: number
  readonly addressFamily?: 4 | 6
  readonly localAddress?: string
  /** A login by certificate is asked for; plain keys are tried all the same. */
  readonly certificateAt?: Place
}

export interface IdentityFile {
  readonly path: string
  /** `asked`: named with the destination; it must be there. */
  readonly from: 'asked' | 'config' | 'default'
}

/** ssh's own order. */
const defaultIdentities = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk']
const defaultKnownHosts = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']
const globalKnownHosts = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']

export function hostSettings(
  destination: SshDestination,
  config: readonly ConfigLine[],
  around: Surroundings,
): HostSettings {
  const asked = { host: destination.hostname, user: destination.user, localUser: around.localUser }
  const found = lookUp(config, asked)
  refuseUnfollowed(destination, found)
  const named = first(found, 'hostname')
  const written = expandTokens(textOf(named) ?? '%h', { h: destination.hostname }, named?.place)
  const hostname = written.toLowerCase()
  const port = destination.port ?? portOf(first(found, 'port')) ?? 22
  const user = destination.user ?? textOf(first(found, 'user')) ?? around.localUser
  const hostKeyAlias = textOf(first(found, 'hostkeyalias'))
  const tokens = {
    ...{
      h: hostname,
      n: destination.hostname,
      p: String(port),
      r: user,
      u: around.localUser,
      d: around.home,
    },
    ...{ i: String(around.uid), k: hostKeyAlias ?? destination.hostname, l: around.localHost },
    L: around.localHost.split('.')[0] ?? '',
  }
  const path = (text: string, place?: Place): string => expandPath(text, { ...around, tokens }, place)
  return {
    ...{ hostname, port, user },
    identityFiles: identityFiles(destination, found, path),
    identitiesOnly: flagOf(first(found, 'identitiesonly')) ?? false,
    proxyJump: proxyJump(destination, found, tokens),
    knownHostsFiles: knownHostsFiles(found, path),
    ...agentOf(found, around, path),
    ...checking(found),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...timing(found),
    ...network(found),
  }
}

function refuseUnfollowed(destination: SshDestination, found: Settings): void {
  for (const [keyword, { harmless, hint }] of Object.entries(refused)) {
    const setting = first(found, keyword)
    if (setting === undefined || harmless.test(setting.values.join(' '))) continue
    if (keyword === 'proxycommand' && !countsBeforeJump(destination, found)) continue
    throw new InputError({
      code: 'SSH_CONFIG_UNSUPPORTED',
      what: `${setting.place.file}:${setting.place.line}: ${keyword} is not supported and holds for this host`,
      host: destination.hostname,
      observed: `${keyword} ${setting.values.join(' ')}`,
      hint,
    })
  }
}

/** Of ProxyJump and ProxyCommand the one that comes first counts. */
function countsBeforeJump(destination: SshDestination, found: Settings): boolean {
  if (destination.proxyJump !== undefined) return false
  const order = [...found.keys()]
  return !found.has('proxyjump') || order.indexOf('proxycommand') < order.indexOf('proxyjump')
}

function identityFiles(
  destination: SshDestination,
  found: Settings,
  path: (text: string, place?: Place) => string,
): IdentityFile[] {
  const asked = (destination.identityFiles ?? []).map(
    (text) => ({ path: path(text), from: 'asked' }) as const,
  )
  const configured = (found.get('identityfile') ?? [])
    .filter((setting) => !/^none$/i.test(textOf(setting) ?? ''))
    .map((setting) => ({ path: path(textOf(setting) ?? '', setting.place), from: 'config' }) as const)
  if (asked.length > 0 || found.has('identityfile')) return [...asked, ...configured]
  return defaultIdentities.map((name) => ({ path: path(`~/.ssh/${name}`), from: 'default' }))
}

function proxyJump(
  destination: SshDestination,
  found: Settings,
  tokens: Readonly<Record<string, string>>,
): string[] {
  const setting = first(found, 'proxyjump')
  const commandFirst = first(found, 'proxycommand') !== undefined && countsBeforeJump(destination, found)
  const text = destination.proxyJump ?? (commandFirst ? undefined : textOf(setting))
  if (text === undefined || /^none$/i.test(text)) return []
  return text.split(/\s*,\s*/).map((hop) => expandTokens(hop, tokens, setting?.place))
}

function knownHostsFiles(found: Settings, path: (text: string, place?: Place) => string): string[] {
  const files = (keyword: string, defaults: readonly string[]): string[] => {
    const setting = first(found, keyword)
    const names = setting?.values ?? defaults
    return names.filter((name) => !/^none$/i.test(name)).map((name) => path(name, setting?.place))
  }
  return [
    ...files('userknownhostsfile', defaultKnownHosts),
    ...files('globalknownhostsfile', globalKnownHosts),
  ]
}

function agentOf(
  found: Settings,
  around: Surroundings,
  path: (text: string, place?: Place) => string,
): Pick<HostSettings, 'agentSocket'> {
  const setting = first(found, 'identityagent')
  const text = textOf(setting)
  if (text === undefined || text === 'SSH_AUTH_SOCK') return {}
  if (/^none$/i.test(text)) return { agentSocket: false }
  const variable = /^\$(\w+)$/.exec(text)?.[1]
  if (variable !== undefined) return { agentSocket: around.environment[variable] ?? false }
  return { agentSocket: path(text, setting?.place) }
}

function checking(found: Settings): Pick<HostSettings, 'laxChecking' | 'certificateAt'> {
  const strict = first(found, 'stricthostkeychecking')
  const value = textOf(strict) ?? 'yes'
  const certificate = first(found, 'certificatefile')
  return {
    // `ask` is the rule, and to refuse is what it does without a terminal.
    ...(strict === undefined || /^(yes|true|ask)$/i.test(value)
      ? {}
      : { laxChecking: { value, place: strict.place } }),
    ...(certificate === undefined ? {} : { certificateAt: certificate.place }),
  }
}

function timing(
  found: Settings,
): Pick<HostSettings, 'connectTimeoutMs' | 'keepaliveIntervalMs' | 'keepaliveMisses'> {
  const connectTimeoutMs = durationMsOf(first(found, 'connecttimeout'))
  // 0 would turn keepalives off, and a host that falls silent would never be noticed.
  const keepaliveIntervalMs = durationMsOf(first(found, 'serveraliveinterval'))
  const keepaliveMisses = countOf(first(found, 'serveralivecountmax'))
  return {
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    ...(keepaliveIntervalMs === undefined ? {} : { keepaliveIntervalMs }),
    ...(keepaliveMisses === undefined ? {} : { keepaliveMisses }),
  }
}

function network(found: Settings): Pick<HostSettings, 'addressFamily' | 'localAddress'> {
  const family = first(found, 'addressfamily')
  const families: Readonly<Record<string, 4 | 6 | undefined>> = { any: undefined, inet: 4, inet6: 6 }
  const name = textOf(family)?.toLowerCase() ?? 'any'
  if (family !== undefined && !(name in families)) throw valueError(family, 'any, inet or inet6')
  const addressFamily = families[name]
  const localAddress = textOf(first(found, 'bindaddress'))
  return {
    ...(addressFamily === undefined ? {} : { addressFamily }),
    ...(localAddress === undefined ? {} : { localAddress }),
  }
}
