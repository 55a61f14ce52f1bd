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

/**
 * False only for text that `redact()` and, split into lines, `redactLines()` leave as it is. Nearly all text is such,
 * and to see it costs a tenth of what the shapes do.
 */
export function mayHoldKey(text: string): boolean {
  return words.some((word) => text.includes(word)) || longNumber.test(text)
}

/** What each shape has one of. The last stands in what was redacted before, and lines above it may be of that key. */
const words = ['SWMTKN-1-', 'SWMKEY-1-', 'PRIVATE KEY-----', '(redacted private key)']
const longNumber = /0x[0-9a-fA-F]{16}/

export function redact(text: string): string {
  if (!mayHoldKey(text)) return text
  let clean = text
  for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement)
  return clean.includes(' PRIVATE KEY-----') ? withoutKeyTails(clean) : clean
}

const keyBegins = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const keyEnds = /-----END [A-Z ]*PRIVATE KEY-----/
/** A line of a key: base64, or a header such as `Proc-Type: 4,ENCRYPTED`. */
const keyBody = /^\s*([A-Za-z0-9+/=]{16,}|[A-Za-z0-9+/]*={1,2}|(Proc-Type|DEK-Info): .*)?\s*$/

/**
 * As `redact()`, for the lines of one text, such as a log: a private key may begin in one line and end in another. As
 * many lines come back as were given. Of a key without an end only the lines that look like one are taken.
 */
export function redactLines(lines: readonly string[]): string[] {
  const clean = [...lines]
  let inside = false
  for (const [index, line] of lines.entries()) {
    const begins = !inside && keyBegins.test(line) && !keyEnds.test(line)
    const ends = inside && keyEnds.test(line)
    if (inside && !ends && !keyBody.test(line) && !endsLater(lines, index)) inside = false
    clean[index] = inside ? withoutKey(line) : redact(line)
    if (begins) inside = true
    if (ends) inside = false
  }
  return withoutKeyTailsIn(clean)
}

function withoutKey(line: string): string {
  const end = keyEnds.exec(line)
  const rest = end === null ? '' : redact(line.slice(end.index + end[0].length))
  return `(redacted private key)${rest}`
}

/** A key has no more lines: RSA of 16384 bits has about 200. */
const longestKeyLines = 250

function endsLater(lines: readonly string[], index: number): boolean {
  const next = lines.slice(index, index + longestKeyLines)
  const end = next.findIndex((line) => keyEnds.test(line))
  const begin = next.findIndex((line) => keyBegins.test(line))
  return end >= 0 && (begin < 0 || end < begin)
}

/** Lines above an end whose beginning was cut off. */
function withoutKeyTailsIn(lines: readonly string[]): string[] {
  const clean = [...lines]
  for (const [index, line] of lines.entries()) {
    if (!line.includes('(redacted private key)')) continue
    for (let at = index - 1; at >= 0 && /^[A-Za-z0-9+/=]{16,}\r?$/.test(clean[at] ?? ''); at -= 1) {
      clean[at] = '(redacted private key)'
    }
  }
  return clean
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
