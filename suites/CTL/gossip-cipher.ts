/**
 * How memberlist frames an encrypted datagram: a version byte, a nonce of 12 bytes, the ciphertext and a tag of
 * 16 (hashicorp/memberlist, security.go). Engines speak protocol 2 of it (libnetwork/networkdb/cluster.go), which
 * encrypts as version 1, and give their gossip no label, so that byte is the first. Clear datagrams start with a message
 * type: 12, which announces a checksum, or that of the message itself, 0 for a ping.
 */
const swarmVersion = 1
const shortestBytes = 1 + 12 + 16

/** Why a datagram of the gossip port is no encrypted one, in words; undefined if it has the form of one. */
export function notEncrypted(payload: Uint8Array): string | undefined {
  const [version] = payload
  if (payload.length < shortestBytes) return `has ${payload.length} bytes, too few for a nonce and a tag`
  if (version !== swarmVersion) {
    return `starts with ${Buffer.from(payload.subarray(0, 8)).toString('hex')}, which is not the version of encryption engines use`
  }
  return looksRandom(payload.subarray(1)) ? undefined : 'is mostly readable text'
}

/** Of random bytes 37 % are printable; a tenth of short datagrams reaches 60 %, none of them 85 %. */
const mostPrintable = 0.85

function looksRandom(bytes: Uint8Array): boolean {
  const printable = bytes.filter((byte) => byte >= 0x20 && byte < 0x7f).length
  return printable < mostPrintable * bytes.length
}
