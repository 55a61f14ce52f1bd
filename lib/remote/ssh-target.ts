import { createHash } from 'node:crypto'
import { InputError } from '../error.ts'

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

export interface HostKey {
  readonly type: string
  /** The key as it is on the wire. */
  readonly blob: Buffer
  readonly fingerprint: string
}

/** As `ssh-keygen -lf` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

export function parseHostKey(text: string, host: string): HostKey {
  const [type, encoded] = text.trim().split(/\s+/)
  const blob = Buffer.from(encoded ?? '', 'base64')
  const typeInBlob = blob.length > 4 ? blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1') : ''
  if (type === undefined || typeInBlob !== type) {
    throw new InputError({
      code: 'SSH_HOST_KEY_FORMAT',
      what: 'the pinned host key is not an OpenSSH public key',
      host,
      expected: "one line such as 'ssh-ed25519 AAAA… comment'",
      observed: text.length > 60 ? `${text.slice(0, 60)}…` : `'${text}'`,
    })
  }
  return { type, blob, fingerprint: fingerprint(blob) }
}
