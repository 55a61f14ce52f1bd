import { isIPv6 } from 'node:net'
import { InputError } from '../../error.ts'

/** A host as a person names it to ssh. */
export interface SshDestination {
  /** For messages. */
  readonly name: string
  /** An alias of ssh_config, a name or an address. */
  readonly hostname: string
  readonly user?: string
  readonly port?: number
  /** Tried before those of ssh_config; `~` is the home directory. */
  readonly identityFiles?: readonly string[]
  /** As ssh's `-J`: `[user@]host[:port]`, several with commas, `none`. Overrides ssh_config. */
  readonly proxyJump?: string
  /** As ssh's `-F`, instead of the client's. */
  readonly configFile?: string
  /** As ssh's `-o`, `NAME=VALUE` each; they go before ssh_config. */
  readonly options?: readonly string[]
  /** Run everything as root, by `sudo -n` if the login is not root; default true. */
  readonly become?: boolean
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`; an IPv6 address with a port in brackets. Throws InputError. */
export function parseDestination(text: string): SshDestination {
  const uri = text.startsWith('ssh://')
  const body = uri ? text.slice('ssh://'.length).replace(/\/$/, '') : text
  // The last one, as in OpenSSH: names of Windows domains have them, too.
  const at = body.lastIndexOf('@')
  const user = at === -1 ? undefined : decode(body.slice(0, at), uri, text)
  const { hostname, port } = hostAndPort(body.slice(at + 1), text)
  if (user !== undefined && (user === '' || /[\s'"`;&<>|(){}\0]/.test(user) || user.startsWith('-'))) {
    throw invalid(text, `the user '${user}'`)
  }
  return {
    name: hostname,
    hostname,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  }
}

function hostAndPort(text: string, whole: string): { hostname: string; port?: number } {
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(text)
  if (bracketed?.[1] !== undefined) {
    if (!isIPv6(bracketed[1]))
      throw invalid(whole, `'${bracketed[1]}' in the brackets is not an IPv6 address`)
    return { hostname: bracketed[1], ...portOf(bracketed[2], whole) }
  }
  if (isIPv6(text)) return { hostname: text }
  const [hostname = '', port, ...more] = text.split(':')
  if (more.length > 0) throw invalid(whole, 'several colons; an IPv6 address with a port needs brackets')
  // What OpenSSH itself refuses, since names end up in commands; a comma is a list of hosts.
  if (!/^[^\s\-@/[\]'"`$\\;&<>|(){},][^\s@/[\]'"`$\\;&<>|(){},]*$/.test(hostname)) {
    throw invalid(whole, hostname === '' ? 'no host' : `the host '${hostname}'`)
  }
  return { hostname, ...portOf(port, whole) }
}

function portOf(text: string | undefined, whole: string): { port?: number } {
  if (text === undefined) return {}
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw invalid(whole, `the port '${text}'`)
  return { port }
}

function decode(user: string, uri: boolean, whole: string): string {
  if (!uri) return user
  try {
    return decodeURIComponent(user)
  } catch {
    throw invalid(whole, `the user '${user}'`)
  }
}

function invalid(text: string, observed: string): InputError {
  return new InputError({
    code: 'SSH_DESTINATION',
    what: `'${text}' does not name an SSH host`,
    expected:
      'user@host, user@host:port, ssh://user@host:port or an alias of ~/.ssh/config; IPv6 as [2001:db8::1]:22',
    observed,
  })
}
