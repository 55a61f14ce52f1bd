import { createHash } from 'node:crypto'
import type { ServerHostKeyAlgorithm } from 'ssh2'

/** As `ssh-keygen -lf` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The kind of key a blob says it is, e.g. `ssh-ed25519`; empty if it is no key. */
export function keyTypeOf(blob: Buffer): string {
  if (blob.length <= 4) return ''
  const length = blob.readUInt32BE(0)
  return length > 64 ? '' : blob.subarray(4, 4 + length).toString('latin1')
}

/** The algorithms by which a host proves a key of this type. */
export function algorithmsOf(keyType: string): ServerHostKeyAlgorithm[] {
  if (keyType === 'ssh-rsa') return ['rsa-sha2-512', 'rsa-sha2-256']
  return [keyType as ServerHostKeyAlgorithm]
}
