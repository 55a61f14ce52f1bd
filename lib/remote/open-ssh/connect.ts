import { join } from 'node:path'
import type { Remote } from '../remote.ts'
import { retryingRemote } from '../retrying-remote.ts'
import { connectEndpoint } from '../ssh-remote.ts'
import { terminalPrompt } from './ask-passphrase.ts'
import { readConfigFile } from './config-file.ts'
import type { ConfigLine } from './config-file.ts'
import type { SshDestination } from './destination.ts'
import { endpointFor } from './endpoint.ts'
import type { EndpointSources } from './endpoint.ts'
import { JumpHosts } from './jump-hosts.ts'
import { keyRing } from './key-ring.ts'
import type { AskPassphrase } from './key-ring.ts'
import { surroundings } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'

export { parseDestination } from './destination.ts'
export type { SshDestination } from './destination.ts'

export interface SshClientOptions {
  /** Instead of `~/.ssh/config`; must exist. `none`: no file. The system's own is never read. */
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
  /** Whose files and names are used; by default this account's. */
  readonly env?: Partial<Surroundings>
}

/** Connects as the OpenSSH client would: ssh_config, known_hosts, agent and identity files, jump hosts. */
export interface SshClient extends AsyncDisposable {
  /**
   * A Remote that runs everything as root, by `sudo -n` where the login is not root, and that connects again after its
   * connection was lost. Throws RemoteError SSH_CONNECT, SSH_HOST_KEY, SSH_AUTH or SSH_SUDO, and InputError, with file
   * and line, where ssh_config cannot be followed.
   */
  connect(destination: SshDestination): Promise<Remote>
}

/** Disposing it ends all Remotes it made, then the connections to jump hosts. */
export function sshClient(options: SshClientOptions = {}): SshClient {
  const { signal } = options
  const jumpHosts = new JumpHosts()
  const remotes = new Set<Remote>()
  let sources: EndpointSources | undefined
  return {
    connect: async (destination) => {
      const shared = (sources ??= sourcesOf(options, jumpHosts))
      const { become = true } = destination
      // All is looked up anew for each connection: keys and known hosts may have changed when the next is made.
      const once = async (): Promise<Remote> =>
        connectEndpoint({ ...endpointFor(destination, shared), become })
      const connected = await once()
      const again = { connected, ...(signal === undefined ? {} : { signal }) }
      const remote = retryingRemote(destination.name, once, again)
      remotes.add(remote)
      return remote
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([...remotes].map((remote) => remote[Symbol.asyncDispose]()))
      await jumpHosts[Symbol.asyncDispose]()
    },
  }
}

function sourcesOf(options: SshClientOptions, jumpHosts: JumpHosts): EndpointSources {
  const { configFile, askPassphrase = terminalPrompt() } = options
  const around = surroundings(options.env)
  const agentSocket = options.agentSocket ?? around.environment['SSH_AUTH_SOCK']
  return {
    config: configLines(configFile, around.home),
    around,
    knownHostsFiles: options.knownHostsFiles,
    agentSocket: agentSocket === false ? undefined : agentSocket,
    keyRing: keyRing(askPassphrase === false ? undefined : askPassphrase),
    jumpHosts,
    connectTimeoutMs: options.connectTimeoutMs,
    signal: options.signal,
    sshCommand: configFile === undefined ? 'ssh' : `ssh -F ${configFile}`,
  }
}

function configLines(file: string | undefined, home: string): readonly ConfigLine[] {
  if (file === 'none') return []
  const optional = file === undefined
  return readConfigFile(file ?? join(home, '.ssh', 'config'), { home, optional })
}
