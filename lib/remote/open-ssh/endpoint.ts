import { InputError } from '../../error.ts'
import { addressOf } from '../ssh-endpoint.ts'
import type { SshEndpoint } from '../ssh-endpoint.ts'
import type { ConfigLine } from './config-file.ts'
import { parseDestination } from './destination.ts'
import type { SshDestination } from './destination.ts'
import { hostSettings } from './host-settings.ts'
import type { HostSettings } from './host-settings.ts'
import type { JumpHosts } from './jump-hosts.ts'
import { keyLogin } from './key-login.ts'
import type { KeyRing } from './key-ring.ts'
import { knownHostCheck } from './known-host-check.ts'
import { readKnownHosts } from './known-hosts.ts'
import type { Surroundings } from './surroundings.ts'

/** What all hosts of one client have in common. */
export interface EndpointSources {
  readonly config: readonly ConfigLine[]
  readonly around: Surroundings
  /** Instead of those of ssh_config. */
  readonly knownHostsFiles: readonly string[] | undefined
  readonly agentSocket: string | undefined
  readonly keyRing: KeyRing
  readonly jumpHosts: JumpHosts
  readonly connectTimeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** `ssh` with the options that make it read the same configuration. */
  readonly sshCommand: string
}

const defaultConnectTimeoutMs = 15_000
/** sshd's own LoginGraceTime; a person may have to type within it. */
const loginTimeoutMs = 120_000
const handshakeAttempts = 5

/** `behind`: what is reached through this host, the farthest first, to notice a circle. */
export function endpointFor(
  destination: SshDestination,
  sources: EndpointSources,
  behind: readonly string[] = [],
): SshEndpoint {
  const settings = hostSettings(destination, sources.config, sources.around)
  const where = { address: settings.hostname, port: settings.port }
  const self = `${settings.user}@${addressOf(where)}`
  if (behind.includes(self)) throw circle([...behind, self])
  const connectTimeoutMs = sources.connectTimeoutMs ?? settings.connectTimeoutMs ?? defaultConnectTimeoutMs
  return {
    host: destination.name,
    ...where,
    username: settings.user,
    hostKeys: hostKeys(destination, settings, sources),
    authentication: keyLogin(addressOf(where), settings, { ...sources, uid: sources.around.uid }),
    ...{ connectTimeoutMs, loginTimeoutMs, handshakeAttempts },
    ...keepalive(settings),
    ...(settings.addressFamily === undefined ? {} : { addressFamily: settings.addressFamily }),
    ...(settings.localAddress === undefined ? {} : { localAddress: settings.localAddress }),
    ...(sources.signal === undefined ? {} : { signal: sources.signal }),
    ...way(settings, { ...where, limitMs: connectTimeoutMs }, sources, [...behind, self]),
  }
}

function hostKeys(
  destination: SshDestination,
  settings: HostSettings,
  sources: EndpointSources,
): SshEndpoint['hostKeys'] {
  const knownHostsFiles = sources.knownHostsFiles ?? settings.knownHostsFiles
  const lines = readKnownHosts(knownHostsFiles, sources.knownHostsFiles !== undefined)
  const { user, port, hostname, proxyJump } = destination
  const words = [
    sources.sshCommand,
    ...(proxyJump === undefined ? [] : ['-J', proxyJump]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    user === undefined ? hostname : `${user}@${hostname}`,
  ]
  return knownHostCheck(lines, { settings: { ...settings, knownHostsFiles }, sshCommand: words.join(' ') })
}

function keepalive(settings: HostSettings): Pick<SshEndpoint, 'keepaliveIntervalMs' | 'keepaliveMisses'> {
  const { keepaliveIntervalMs, keepaliveMisses } = settings
  return {
    ...(keepaliveIntervalMs === undefined ? {} : { keepaliveIntervalMs }),
    ...(keepaliveMisses === undefined ? {} : { keepaliveMisses }),
  }
}

/**
 * Through the jump host that is nearest to the host; those before it are the way to that one, as for ssh. The first
 * one's own ProxyJump counts as well.
 */
function way(
  settings: HostSettings,
  onward: Parameters<JumpHosts['reach']>[2],
  sources: EndpointSources,
  behind: readonly string[],
): Pick<SshEndpoint, 'openSocket' | 'route'> {
  const hops = settings.proxyJump.map(parseDestination)
  const nearest = hops.at(-1)
  if (nearest === undefined) return {}
  const before = settings.proxyJump.slice(0, -1)
  const jump = { ...nearest, ...(before.length === 0 ? {} : { proxyJump: before.join(',') }) }
  const endpoint = endpointFor(jump, sources, behind)
  // The alias is part of it: what is known of the host's key may depend on it.
  const jumpRoute = `${endpoint.username}@${jump.hostname}=${endpoint.route ?? addressOf(endpoint)}`
  return {
    route: `${jumpRoute} > ${addressOf(onward)}`,
    openSocket: () => sources.jumpHosts.reach(jumpRoute, endpoint, onward),
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
