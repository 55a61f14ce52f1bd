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

/** The size of an RSA key; undefined for one of another kind. */
export function rsaBits(blob: Buffer): number | undefined {
  if (keyTypeOf(blob) !== 'ssh-rsa') return undefined
  // RFC 4253, 6.6: "ssh-rsa", e, n, each behind its length.
  let at = 4 + blob.readUInt32BE(0)
  if (at + 4 > blob.length) return 0
  at += 4 + blob.readUInt32BE(at)
  if (at + 4 > blob.length) return 0
  const modulus = blob.subarray(at + 4, at + 4 + blob.readUInt32BE(at))
  const first = modulus.findIndex((byte) => byte !== 0)
  return first === -1 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24
}
