const printableMask = 0x2e
const otherMask = 0x00

/**
 * Overwrites bytes so that of each no more is left than whether it was printable, which is what tells readable text
 * from ciphertext. Words that were looked for stay as they are, so that whoever looks for them finds them.
 */
export function mask(bytes: Uint8Array, from: number, to: number, words: readonly Uint8Array[]): void {
  const found = words.flatMap((word) => placesOf(bytes, from, to, word))
  const kept = found.map(
    (at) => [at.place, new Uint8Array(bytes.subarray(at.place, at.place + at.length))] as const,
  )
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    bytes[at] = byte >= 0x20 && byte < 0x7f ? printableMask : otherMask
  }
  for (const [place, original] of kept) bytes.set(original, place)
}

function placesOf(
  bytes: Uint8Array,
  from: number,
  to: number,
  word: Uint8Array,
): { readonly place: number; readonly length: number }[] {
  if (word.byteLength === 0) return []
  const range = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.max(0, to - from))
  const places = []
  for (let at = range.indexOf(word); at >= 0; at = range.indexOf(word, at + word.byteLength))
    places.push({ place: from + at, length: word.byteLength })
  return places
}
