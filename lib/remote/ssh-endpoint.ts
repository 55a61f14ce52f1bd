import type { Duplex } from 'node:stream'
import type { BaseAgent, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2'
import type { ErrorDetail } from '../error.ts'

/** One end of an SSH connection: how to get there, how to know the host, how to log in. */
export interface SshEndpoint {
  /** Name for messages. */
  readonly host: string
  readonly address: string
  readonly port: number
  readonly username: string
  readonly hostKeys: HostKeyCheck
  /** What may be negotiated, best first; ssh2's own choice where not given. */
  readonly algorithms?: Negotiable
  readonly authentication: Authentication
  /** Time for the connection and the key exchange; for the login, too, unless `loginTimeoutMs` is given. */
  readonly connectTimeoutMs: number
  /** Time for the login alone, where somebody may be asked for a passphrase meanwhile. */
  readonly loginTimeoutMs?: number
  /** Default 10 000: a host under emulation may be silent for many seconds. */
  readonly keepaliveIntervalMs?: number
  /** Unanswered keepalives after which the connection is lost; default 4. */
  readonly keepaliveMisses?: number
  /** The way to the host if it is not TCP from here, e.g. a channel through a jump host. Throws RemoteError. */
  readonly openSocket?: () => Promise<Duplex>
  /** Names that way, so that few handshakes go the same way at once; the address where it is TCP from here. */
  readonly route?: string
  /** How many times a handshake is begun if the host hangs up on it (MaxStartups); default 1. */
  readonly handshakeAttempts?: number
  /** Only this family of addresses. */
  readonly addressFamily?: 4 | 6
  /** Address of this machine to connect from. */
  readonly localAddress?: string
  /** Only connections to other hosts go through it, which are encrypted: compressing them gains nothing. */
  readonly onlyForwards?: boolean
  /** Run everything as root, by `sudo -n` if the login is not root. */
  readonly become?: boolean
  /** The connection does not keep this process from ending, and is not probed by keepalives. */
  readonly background?: boolean
  /** Gives up connecting; has no effect once connected. */
  readonly signal?: AbortSignal
}

export interface Negotiable {
  readonly kex: readonly KexAlgorithm[]
  readonly cipher: readonly CipherAlgorithm[]
  readonly hmac: readonly MacAlgorithm[]
}

/** What is wrong, without the code and the host. */
export type Complaint = Pick<ErrorDetail, 'what' | 'expected' | 'observed' | 'hint'>

export interface HostKeyCheck {
  /** Kinds of host key to ask for, best first. */
  readonly algorithms: readonly ServerHostKeyAlgorithm[]
  /**
   * Why this key is not accepted, undefined if it is. `peer` is the address that is connected to, where it is known (not
   * behind a proxy). It answers at once: ssh2 takes whatever else a verifier
   * returns for consent, a Promise too.
   */
  refusal(blob: Buffer, peer: string | undefined): Complaint | undefined
  /** The host has no key of these kinds. */
  noneOffered(): Complaint
}

export interface Authentication {
  /** OpenSSH or PEM text of an unencrypted key; or else `agent`. */
  readonly privateKey?: string | Buffer
  readonly agent?: BaseAgent
  /** The host let none of it in, in ssh2's words. */
  failure(observed: string): Complaint
}

/** `address:port`, an IPv6 address in brackets. */
export function addressOf({ address, port }: Pick<SshEndpoint, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
