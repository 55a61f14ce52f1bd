import { InputError, SwarmproofError } from '../../error.ts'
import type { Remote } from '../remote.ts'

/** Where a host is reached by SSH; what is not given is taken from ssh_config, as the OpenSSH client would. */
export interface SshDestination {
  /** Name for messages. */
  readonly name: string
  /** What is looked up in ssh_config, then in DNS. */
  readonly hostname: string
  readonly user?: string
  readonly port?: number
  readonly identityFiles?: readonly string[]
  /** As ssh_config's ProxyJump: one or more of `[user@]host[:port]`, separated by commas; `none` for none. */
  readonly proxyJump?: string
  /** Commands run through `sudo -n`. */
  readonly become?: boolean
}

export interface SshClientOptions {
  readonly configFile?: string
  readonly knownHostsFiles?: readonly string[]
  readonly agentSocket?: string | false
  readonly askPassphrase?: (keyFile: string) => Promise<string | undefined>
  readonly connectTimeoutMs?: number
  readonly signal?: AbortSignal
}

export interface SshClient extends AsyncDisposable {
  connect(destination: SshDestination): Promise<Remote>
}

/** `[user@]host[:port]`; an IPv6 address with a port stands in brackets. @throws InputError */
export function parseDestination(text: string): SshDestination {
  const match =
    /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(?:\[([0-9a-fA-F:.%]+)\]|([^:@\s[\]]+)|([0-9a-fA-F:]+))(?::(\d{1,5}))?$/.exec(
      text,
    )
  const hostname = match?.[2] ?? match?.[3] ?? match?.[4]
  const port = match?.[5] === undefined ? undefined : Number(match[5])
  if (
    hostname === undefined ||
    hostname.startsWith('-') ||
    (port !== undefined && (port < 1 || port > 65_535))
  ) {
    throw new InputError({
      code: 'SSH_DESTINATION',
      what: `'${text}' is no host to log in to`,
      expected: '[user@]host[:port]',
    })
  }
  const user = match?.[1]
  return {
    name: hostname,
    hostname,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  }
}

export function sshClient(_options: SshClientOptions): SshClient {
  throw new SwarmproofError({ code: 'NOT_BUILT', what: 'the SSH client is not there yet' })
}
