import { InputError } from '../error.ts'
import { algorithmsOf, fingerprint, keyTypeOf } from './host-key.ts'
import { addressOf } from './ssh-endpoint.ts'
import type { Complaint, HostKeyCheck, SshEndpoint } from './ssh-endpoint.ts'

/** A host with one login key and one host key, both at hand, e.g. a machine of a lab. */
export interface SshTarget {
  /** Name for messages. */
  readonly host: string
  readonly address: string
  readonly port: number
  readonly username: string
  /** OpenSSH or PEM text. */
  readonly privateKey: string | Buffer
  /** The host's public key in OpenSSH text form, `ssh-ed25519 AAAA… comment`. Nothing else is accepted. */
  readonly hostKey: string
  /** Time for TCP, handshake and authentication together. */
  readonly connectTimeoutMs: number
  /** Default 10 000: a host under emulation may be silent for many seconds. Lost after four times that. */
  readonly keepaliveIntervalMs?: number
  /** Gives up connecting; has no effect once connected. */
  readonly signal?: AbortSignal
}

export function pinnedEndpoint(target: SshTarget): SshEndpoint {
  const { privateKey, hostKey, ...way } = target
  return {
    ...way,
    hostKeys: pinnedHostKey(hostKey, target.host, addressOf(target)),
    authentication: {
      privateKey,
      failure: (observed) => ({
        what: `cannot log in as ${target.username} at ${addressOf(target)}`,
        observed,
        hint: `put the public key into ~${target.username}/.ssh/authorized_keys of the host`,
      }),
    },
  }
}

function pinnedHostKey(text: string, host: string, where: string): HostKeyCheck {
  const pinned = parseHostKey(text, host)
  const hint = 'another machine may answer at this address; if the host was reinstalled, pin its new key'
  return {
    // Only the kind of key that is pinned, or a host with several would show another one.
    algorithms: algorithmsOf(pinned.type),
    refusal: (blob): Complaint | undefined => {
      if (blob.equals(pinned.blob)) return undefined
      return {
        what: `${where} has another host key than the pinned one`,
        expected: fingerprint(pinned.blob),
        observed: fingerprint(blob),
        hint,
      }
    },
    noneOffered: () => ({
      what: `${where} does not have the pinned host key`,
      expected: `a ${pinned.type} key, ${fingerprint(pinned.blob)}`,
      observed: `it offers no ${pinned.type} key`,
      hint,
    }),
  }
}

interface HostKey {
  readonly type: string
  /** The key as it is on the wire. */
  readonly blob: Buffer
}

function parseHostKey(text: string, host: string): HostKey {
  const [type, encoded] = text.trim().split(/\s+/)
  const blob = Buffer.from(encoded ?? '', 'base64')
  if (type === undefined || keyTypeOf(blob) !== type) {
    throw new InputError({
      code: 'SSH_HOST_KEY_FORMAT',
      what: 'the pinned host key is not an OpenSSH public key',
      host,
      expected: "one line such as 'ssh-ed25519 AAAA… comment'",
      observed: text.length > 60 ? `${text.slice(0, 60)}…` : `'${text}'`,
    })
  }
  return { type, blob }
}
