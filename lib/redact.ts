/**
 * Removes key material from any text before it is logged, reported or shown.
 * Works by shape, so that a secret nobody registered is removed too: swarm join tokens and unlock keys,
 * PEM and OpenSSH private keys (also the lower half of one whose first lines were cut off), and the long
 * hexadecimal keys `ip xfrm state` prints.
 */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/SWMTKN-1-[0-9a-z]+-[0-9a-z]+/g, 'SWMTKN-(redacted)'],
  [/SWMKEY-1-[A-Za-z0-9+/=]+/g, 'SWMKEY-(redacted)'],
  [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
    '(redacted private key)',
  ],
  [/\b((?:aead|enc|auth(?:-trunc)?|comp)\s+\S+\s+)0x[0-9a-fA-F]{16,}/g, '$10x(redacted)'],
  // Nothing a swarm shows has 128 bits after 0x but a key: an SPI has 32.
  [/\b0x[0-9a-fA-F]{32,}\b/g, '0x(redacted)'],
]

export function redact(text: string): string {
  let clean = text
  for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement)
  return clean.includes(' PRIVATE KEY-----') ? withoutKeyTails(clean) : clean
}

/** By lines, not by a pattern: that would take quadratic time on long runs of base64. */
function withoutKeyTails(text: string): string {
  const kept: string[] = []
  for (const line of text.split('\n')) {
    const end = /^-----END [A-Z ]*PRIVATE KEY-----/.exec(line)
    while (end !== null && /^[A-Za-z0-9+/=]{16,}\r?$/.test(kept.at(-1) ?? '')) kept.pop()
    kept.push(end === null ? line : `(redacted private key)${line.slice(end[0].length)}`)
  }
  return kept.join('\n')
}
