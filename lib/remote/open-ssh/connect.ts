import type { Remote } from '../remote.ts'
import type { Script } from '../../script.ts'
import { retryingRemote } from '../retrying-remote.ts'
import { connectEndpoint } from '../ssh-remote.ts'
import { terminalPrompt } from './ask-passphrase.ts'
import type { SshDestination } from './destination.ts'
import { endpointFor } from './endpoint.ts'
import type { EndpointSources } from './endpoint.ts'
import { openSshDefaults } from './host-settings.ts'
import { JumpHosts } from './jump-hosts.ts'
import { keyRing } from './key-ring.ts'
import type { AskPassphrase } from './key-ring.ts'
import type { ResolvedConfig } from './resolved-config.ts'
import { RemoteStreams } from './remote-streams.ts'
import { sshEnvironment } from './ssh-environment.ts'
import type { SshEnvironment } from './ssh-environment.ts'

export { parseDestination } from './destination.ts'
export type { SshDestination } from './destination.ts'

export interface SshClientOptions {
  /** As ssh's `-F`: instead of `~/.ssh/config` and the system's; must exist. `none`: no file. */
  readonly configFile?: string
  /** Instead of those of ssh_config; must exist. */
  readonly knownHostsFiles?: readonly string[]
  /** Default $SSH_AUTH_SOCK; false: none. IdentityAgent of ssh_config goes before it. */
  readonly agentSocket?: string | false
  /** Default: asks on the terminal if standard input and standard error are one; otherwise, and with false, not at all. */
  readonly askPassphrase?: AskPassphrase | false
  /** For TCP and key exchange. Goes before ConnectTimeout of ssh_config; default 15 000. */
  readonly connectTimeoutMs?: number
  /** Ends connecting and retries; has no effect on what runs. */
  readonly signal?: AbortSignal
  /** Connections do not keep this process from ending; nothing notices a host that falls silent. Default false. */
  readonly background?: boolean
  /** Whose keys are used; by default this account's. */
  readonly env?: Partial<SshEnvironment>
}

/**
 * Connects as the OpenSSH client would: it resolves ssh_config and finds known hosts by itself (`ssh -G`, `ssh-keygen
 * -F`); agent, identity files, jump hosts and proxy commands are used as it would.
 */
export interface SshClient extends AsyncDisposable {
  /**
   * A Remote that runs everything as root, by `sudo -n` where the login is not root, and that connects again after its
   * connection was lost. Throws RemoteError SSH_CONNECT, SSH_HOST_KEY, SSH_AUTH or SSH_SUDO; InputError where ssh_config
   * cannot be followed; SwarmproofError SSH_CLIENT_MISSING.
   */
  connect(destination: SshDestination): Promise<Remote>
  /** Raw streams of one command of the login, e.g. `docker system dial-stdio`; throws as `connect` does. */
  streams(destination: SshDestination, command: Script): Promise<RemoteStreams>
}

/** Disposing it ends all Remotes it made, then the connections to jump hosts. */
export function sshClient(options: SshClientOptions = {}): SshClient {
  const { signal } = options
  const jumpHosts = new JumpHosts()
  const remotes = new Set<AsyncDisposable>()
  const sources = sourcesOf(options, jumpHosts)
  return {
    connect: async (destination) => {
      const { become = true } = destination
      // All is looked up again for each connection: keys and known hosts may have changed when the next is made.
      const once = async (): Promise<Remote> =>
        connectEndpoint({ ...(await endpointFor(destination, sources)), become })
      const connected = await once()
      const again = { connected, ...(signal === undefined ? {} : { signal }) }
      const remote = retryingRemote(destination.name, once, again)
      remotes.add(remote)
      return remote
    },
    streams: async (destination, command) => {
      const streams = new RemoteStreams(() => endpointFor(destination, sources), command)
      remotes.add(streams)
      await streams.connect()
      return streams
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([...remotes].map((remote) => remote[Symbol.asyncDispose]()))
      await jumpHosts[Symbol.asyncDispose]()
    },
  }
}

function sourcesOf(options: SshClientOptions, jumpHosts: JumpHosts): EndpointSources {
  const { configFile, askPassphrase = terminalPrompt() } = options
  const around = sshEnvironment(options.env)
  const agentSocket = options.agentSocket ?? around.environment['SSH_AUTH_SOCK']
  let defaults: Promise<ResolvedConfig> | undefined
  return {
    configFile,
    around,
    defaults: () => (defaults ??= openSshDefaults(around.environment)),
    knownHostsFiles: options.knownHostsFiles,
    agentSocket: agentSocket === false ? undefined : agentSocket,
    keyRing: keyRing(askPassphrase === false ? undefined : askPassphrase),
    jumpHosts,
    connectTimeoutMs: options.connectTimeoutMs,
    signal: options.signal,
    background: options.background ?? false,
  }
}
