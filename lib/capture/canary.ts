/**
 * A frame that proves a capture records: sent on the captured interface itself, read back from the capture.
 *
 *     destination, source: the interface's own address    no switch forwards it
 *     type: 0x88b5                                        "local experimental", IEEE 802
 *     payload: `swpc`, then a nonce of 16 bytes, padded to the shortest Ethernet frame
 */
export const canaryFilter = 'ether proto 0x88b5 and ether[14:4] = 0x73777063'

const typeOffset = 12
const magicOffset = 14
const nonceOffset = 18
const etherType = 0x88b5
const magic = 0x73777063
export const nonceBytes = 16
const neededBytes = nonceOffset + nonceBytes
/** A capture must keep this much of a frame, or its canaries cannot be told; the kernel may keep a little less. */
export const canarySnapshotBytes = 64

/** The nonce of a canary in hexadecimal; undefined if the frame is none. */
export function canaryNonce(frame: Uint8Array): string | undefined {
  if (frame.byteLength < neededBytes) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (view.getUint16(typeOffset) !== etherType || view.getUint32(magicOffset) !== magic) return undefined
  return Buffer.from(frame.subarray(nonceOffset, nonceOffset + nonceBytes)).toString('hex')
}
