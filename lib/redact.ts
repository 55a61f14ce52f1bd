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
  [/(?:^[A-Za-z0-9+/=]{16,}\r?\n)+-----END [A-Z ]*PRIVATE KEY-----/gm, '(redacted private key)'],
  [/\b((?:aead|enc|auth(?:-trunc)?|comp)\s+\S+\s+)0x[0-9a-fA-F]{16,}/g, '$10x(redacted)'],
  // Nothing a swarm shows has 128 bits after 0x but a key: an SPI has 32.
  [/\b0x[0-9a-fA-F]{32,}\b/g, '0x(redacted)'],
]

export function redact(text: string): string {
  let clean = text
  for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement)
  return clean
}
