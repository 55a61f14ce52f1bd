import { InputError } from '../../error.ts'
import { quote } from '../../script.ts'
import { addressOf } from '../ssh-endpoint.ts'
import type { SshEndpoint } from '../ssh-endpoint.ts'
import { parseDestination } from './destination.ts'
import type { SshDestination } from './destination.ts'
import { hostSettings } from './host-settings.ts'
import type { HostSettings, SettingsSources } from './host-settings.ts'
import type { JumpHosts } from './jump-hosts.ts'
import { keyLogin } from './key-login.ts'
import { keyRing } from './key-ring.ts'
import type { KeyRing } from './key-ring.ts'
import { knownHostCheck } from './known-host-check.ts'
import { ProxyCommand } from './proxy-command.ts'

/** What all hosts of one client have in common. */
export interface EndpointSources extends SettingsSources {
  /** Instead of those of ssh_config. */
  readonly knownHostsFiles: readonly string[] | undefined
  readonly agentSocket: string | undefined
  readonly keyRing: KeyRing
  readonly jumpHosts: JumpHosts
  readonly connectTimeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** Connections do not keep this process from ending. */
  readonly background: boolean
}

const defaultConnectTimeoutMs = 15_000
/** sshd's own LoginGraceTime; a person may have to type within it. */
const loginTimeoutMs = 120_000
const handshakeAttempts = 5

/**
 * All there is to know for a connection: what ssh makes of the configuration, the known keys of the host, the way there.
 * `behind`: what is reached through this host, the farthest first, to notice a circle.
 * @throws InputError, SwarmproofError `SSH_CLIENT_MISSING`
 */
export async function endpointFor(
  destination: SshDestination,
  sources: EndpointSources,
  behind: readonly string[] = [],
): Promise<SshEndpoint> {
  const settings = await hostSettings(destination, sources)
  const where = { address: settings.hostname, port: settings.port }
  const self = `${settings.user}@${addressOf(where)}`
  if (behind.includes(self)) throw circle([...behind, self])
  const connectTimeoutMs = sources.connectTimeoutMs ?? settings.connectTimeoutMs ?? defaultConnectTimeoutMs
  const onward = { ...where, limitMs: connectTimeoutMs }
  return {
    host: destination.name,
    ...where,
    username: settings.user,
    hostKeys: await hostKeys(destination, settings, sources),
    algorithms: settings.algorithms,
    authentication: login(addressOf(where), settings, sources),
    ...{ connectTimeoutMs, loginTimeoutMs, handshakeAttempts },
    ...(sources.background ? { background: true } : keepalive(settings)),
    ...(settings.addressFamily === undefined ? {} : { addressFamily: settings.addressFamily }),
    ...(settings.localAddress === undefined ? {} : { localAddress: settings.localAddress }),
    ...(sources.signal === undefined ? {} : { signal: sources.signal }),
    ...(await way(destination, settings, onward, sources, [...behind, self])),
  }
}

function login(
  where: string,
  settings: HostSettings,
  sources: EndpointSources,
): SshEndpoint['authentication'] {
  // BatchMode: "user interaction such as password prompts will be disabled".
  const ring = settings.batchMode ? keyRing(undefined) : sources.keyRing
  return keyLogin(where, settings, { ...sources, keyRing: ring, uid: sources.around.uid })
}

function hostKeys(
  destination: SshDestination,
  settings: HostSettings,
  sources: EndpointSources,
): Promise<SshEndpoint['hostKeys']> {
  const knownHostsFiles = sources.knownHostsFiles ?? settings.knownHostsFiles
  const { user, port, hostname, proxyJump, configFile = sources.configFile } = destination
  const words = [
    'ssh',
    ...(configFile === undefined ? [] : ['-F', configFile]),
    // Into the file that is looked at here, not into the one that ssh would take by itself.
    ...(sources.knownHostsFiles?.[0] === undefined
      ? []
      : ['-o', knownHostsOption(sources.knownHostsFiles[0])]),
    ...(proxyJump === undefined ? [] : ['-J', proxyJump]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    user === undefined ? hostname : `${user}@${hostname}`,
  ]
  return knownHostCheck({
    settings: { ...settings, knownHostsFiles },
    filesRequired: sources.knownHostsFiles !== undefined,
    sshCommand: words.map(quote).join(' '),
  })
}

/** ssh splits the value at blanks, for it may be several files. */
function knownHostsOption(file: string): string {
  return `UserKnownHostsFile=${/\s/.test(file) ? `"${file}"` : file}`
}

function keepalive(settings: HostSettings): Pick<SshEndpoint, 'keepaliveIntervalMs' | 'keepaliveMisses'> {
  const { keepaliveIntervalMs, keepaliveMisses } = settings
  return {
    ...(keepaliveIntervalMs === undefined ? {} : { keepaliveIntervalMs }),
    ...(keepaliveMisses === undefined ? {} : { keepaliveMisses }),
  }
}

type Way = Pick<SshEndpoint, 'openSocket' | 'route'>

/**
 * Through a command, or through the jump host that is nearest to the host; those before it are the way to that one, as
 * for ssh. The first one's own ProxyJump counts as well. Of the options of a destination a jump host gets `-F` alone.
 */
async function way(
  { name, configFile }: SshDestination,
  settings: HostSettings,
  onward: Parameters<JumpHosts['reach']>[2],
  sources: EndpointSources,
  behind: readonly string[],
): Promise<Way> {
  if (settings.proxyCommand !== undefined) return byCommand(name, settings.proxyCommand, sources)
  const hops = settings.proxyJump.map(parseDestination)
  const nearest = hops.at(-1)
  if (nearest === undefined) return {}
  const before = settings.proxyJump.slice(0, -1)
  const jump = {
    ...nearest,
    ...(before.length === 0 ? {} : { proxyJump: before.join(',') }),
    ...(configFile === undefined ? {} : { configFile }),
  }
  const endpoint = { ...(await endpointFor(jump, sources, behind)), onlyForwards: true }
  // The alias is part of it: what is known of the host's key may depend on it.
  const jumpRoute = `${endpoint.username}@${jump.hostname}=${endpoint.route ?? addressOf(endpoint)}`
  return {
    route: `${jumpRoute} > ${addressOf(onward)}`,
    openSocket: () => sources.jumpHosts.reach(jumpRoute, endpoint, onward),
  }
}

function byCommand(host: string, command: string, { around, background }: EndpointSources): Way {
  return {
    route: command,
    openSocket: async () => {
      const proxy = new ProxyCommand(host, command, around.environment)
      return background ? proxy.unref() : proxy
    },
  }
}

function circle(hosts: readonly string[]): InputError {
  const bastion = hosts.at(-1)?.replace(/^.*@|:\d+$/g, '') ?? ''
  return new InputError({
    code: 'SSH_CONFIG',
    what: 'ProxyJump goes round in circles',
    observed: hosts.join(' through '),
    hint: `put 'Host ${bastion}' with 'ProxyJump none' before the block with wildcards`,
  })
}
