import { narrowAlgorithms } from './algorithms.ts'
import type { Algorithms } from './algorithms.ts'
import { expandCommand, refuseUnsafeNames, type CommandTokens } from './command-tokens.ts'
import type { SshDestination } from './destination.ts'
import { resolveConfig } from './resolved-config.ts'
import type { ConfigQuery, ResolvedConfig } from './resolved-config.ts'
import { agentOf, expandPath, fileList, identityFiles } from './setting-files.ts'
import type { IdentityFile } from './setting-files.ts'
import { isNo, isNone, isYes, secondsOf } from './setting-values.ts'
import type { SshEnvironment } from './ssh-environment.ts'
import { refuseUnfollowed } from './unfollowed.ts'

/** How one host is reached: what was asked for, completed by ssh_config and the defaults of the OpenSSH client here. */
export interface HostSettings {
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly IdentityFile[]
  readonly identitiesOnly: boolean
  /** Of `IdentityAgent`; false: none. */
  readonly agentSocket?: string | false
  /** From the nearest to us to the nearest to the host. */
  readonly proxyJump: readonly string[]
  /** For a shell of this machine, tokens expanded. */
  readonly proxyCommand?: string
  readonly knownHostsFiles: readonly string[]
  readonly hostKeyAlias?: string
  /** The key known for the address must be the host's, too. */
  readonly checkHostIp: boolean
  /** Files of keys that are never accepted. */
  readonly revokedHostKeys: readonly string[]
  /** A `StrictHostKeyChecking` that asks for less than `yes`. It is not followed, only told of. */
  readonly laxChecking?: string
  readonly connectTimeoutMs?: number
  readonly keepaliveIntervalMs?: number
  readonly keepaliveMisses?: number
  readonly addressFamily?: 4 | 6
  readonly localAddress?: string
  /** A login by certificate is asked for; plain keys are tried all the same. */
  readonly certificateFile?: string
  /** Nobody is to be asked for a passphrase. */
  readonly batchMode: boolean
  readonly algorithms: Algorithms
}

export interface SettingsSources {
  readonly around: SshEnvironment
  /** `-F` for hosts that name no configuration of their own. */
  readonly configFile: string | undefined
  /** What the OpenSSH client here does by itself; asked once. */
  readonly defaults: () => Promise<ResolvedConfig>
}

/** What `ssh -F none` would do with a host nobody has written anything about. */
export function openSshDefaults(environment: NodeJS.ProcessEnv): Promise<ResolvedConfig> {
  return resolveConfig({ host: 'localhost', words: ['-F', 'none'], environment })
}

/** @throws InputError for what cannot be followed or is refused by ssh; SwarmproofError if ssh is not installed */
export async function hostSettings(
  destination: SshDestination,
  { around, configFile, defaults }: SettingsSources,
): Promise<HostSettings> {
  refuseUnsafeNames(destination.hostname, destination.user, destination.hostname)
  const query: ConfigQuery = {
    host: destination.hostname,
    words: wordsFor(destination, destination.configFile ?? configFile),
    environment: around.environment,
  }
  const [found, usual] = await Promise.all([resolveConfig(query), defaults()])
  refuseUnfollowed(destination.hostname, found)
  const names = namesOf(destination, found)
  const path = (text: string): Promise<string> => expandPath(text, around.home, query)
  const files = { path, home: around.home, host: names.hostname }
  const tokens: CommandTokens = { ...names, original: destination.hostname }
  const agent = await agentOf(found, around, path)
  return {
    ...names,
    identityFiles: await identityFiles(destination, { found, usual }, path),
    identitiesOnly: isYes(found.value('identitiesonly')),
    proxyJump: proxyJump(found.value('proxyjump'), tokens),
    ...proxyCommand(found.value('proxycommand'), tokens),
    knownHostsFiles: await fileList(['userknownhostsfile', 'globalknownhostsfile'], found, files),
    revokedHostKeys: await fileList(['revokedhostkeys'], found, files),
    checkHostIp: isYes(found.value('checkhostip')),
    batchMode: isYes(found.value('batchmode')),
    ...(agent === undefined ? {} : { agentSocket: agent }),
    ...checking(found),
    ...timing(found),
    ...network(found),
    algorithms: narrowAlgorithms(destination.hostname, found, usual),
  }
}

/** Options of ssh by which it resolves what was asked for; what comes first counts. */
export function wordsFor(destination: SshDestination, configFile: string | undefined): string[] {
  const { user, port, proxyJump: jump, identityFiles: keys = [], options = [] } = destination
  return [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    ...(jump === undefined ? [] : ['-o', `ProxyJump=${jump.replaceAll(/\s+/g, '')}`]),
    ...keys.flatMap((file) => ['-i', file]),
    ...options.flatMap((option) => ['-o', option]),
  ]
}

function namesOf(
  destination: SshDestination,
  found: ResolvedConfig,
): { hostname: string; port: number; user: string } {
  const hostname = found.value('hostname') ?? destination.hostname
  const user = found.value('user') ?? ''
  // HostName and User of a file go into commands as well, and older clients look at the command line alone.
  refuseUnsafeNames(hostname, user, destination.hostname)
  return { hostname: hostname.toLowerCase(), user, port: Number(found.value('port') ?? 22) }
}

function proxyJump(text: string | undefined, tokens: CommandTokens): string[] {
  if (text === undefined || isNone(text)) return []
  // ssh prints addresses of IPv4 in brackets.
  return text.split(',').map((hop) => expandCommand(hop, tokens, 'ProxyJump').replace(/\[([\d.]+)\]/, '$1'))
}

function proxyCommand(text: string | undefined, tokens: CommandTokens): Pick<HostSettings, 'proxyCommand'> {
  if (text === undefined || text === '' || isNone(text)) return {}
  return { proxyCommand: expandCommand(text, tokens, 'ProxyCommand') }
}

function checking(
  found: ResolvedConfig,
): Pick<HostSettings, 'laxChecking' | 'certificateFile' | 'hostKeyAlias'> {
  const strict = found.value('stricthostkeychecking') ?? 'ask'
  const certificate = found.values('certificatefile').find((name) => !isNone(name))
  const alias = found.value('hostkeyalias')
  return {
    // `ask` is the rule, and to refuse is what it does without a terminal.
    ...(isYes(strict) || strict === 'ask' ? {} : { laxChecking: isNo(strict) ? 'no' : strict }),
    ...(certificate === undefined ? {} : { certificateFile: certificate }),
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
  }
}

function timing(
  found: ResolvedConfig,
): Pick<HostSettings, 'connectTimeoutMs' | 'keepaliveIntervalMs' | 'keepaliveMisses'> {
  const connect = secondsOf(found.value('connecttimeout'))
  // 0 would turn keepalives off, and a host that falls silent would never be noticed.
  const interval = secondsOf(found.value('serveraliveinterval'))
  const misses = Number(found.value('serveralivecountmax') ?? NaN)
  return {
    ...(connect === undefined ? {} : { connectTimeoutMs: connect * 1_000 }),
    ...(interval === undefined ? {} : { keepaliveIntervalMs: interval * 1_000 }),
    // The number is said by every client; it counts where somebody has set how often it is asked.
    ...(interval === undefined || !Number.isInteger(misses) ? {} : { keepaliveMisses: misses }),
  }
}

function network(found: ResolvedConfig): Pick<HostSettings, 'addressFamily' | 'localAddress'> {
  const families: Readonly<Record<string, 4 | 6>> = { inet: 4, inet6: 6 }
  const family = families[found.value('addressfamily') ?? 'any']
  const localAddress = found.value('bindaddress')
  return {
    ...(family === undefined ? {} : { addressFamily: family }),
    ...(localAddress === undefined ? {} : { localAddress }),
  }
}
