/**
 * How memberlist frames an encrypted datagram: a version byte, a nonce of 12 bytes, the ciphertext and a tag of
 * 16 (hashicorp/memberlist, security.go). Engines speak protocol 2 of it (libnetwork/networkdb/cluster.go), which
 * encrypts as version 1, and give their gossip no label, so that byte is the first. Clear datagrams start with a message
 * type: 12, which announces a checksum, or that of the message itself, 0 for a ping.
 */
const swarmVersion = 1
const shortestBytes = 1 + 12 + 16

/** What keeps a datagram from being an encrypted one. */
export type ClearForm = 'too-short' | 'other-version' | 'readable-text'

/** Undefined if a datagram of the gossip port has the form of an encrypted one. */
export function clearForm(payload: Uint8Array): ClearForm | undefined {
  const [version] = payload
  if (payload.length < shortestBytes) return 'too-short'
  if (version !== swarmVersion) return 'other-version'
  return looksRandom(payload.subarray(1)) ? undefined : 'readable-text'
}

/** Of random bytes 37 % are printable; a tenth of short datagrams reaches 60 %, none of them 85 %. */
const mostPrintable = 0.85

function looksRandom(bytes: Uint8Array): boolean {
  const printable = bytes.filter((byte) => byte >= 0x20 && byte < 0x7f).length
  return printable < mostPrintable * bytes.length
}
