/**
 * Evidence may hold any bytes. This makes every character visible and legal in HTML and XML 1.0: control
 * characters and those that turn the direction of text are written as `\u001b`, halves of surrogate pairs and
 * noncharacters too. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  if (!unusual.test(text)) return text
  return text
    .replaceAll('\r\n', '\n')
    .replace(invisible, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Most text is ASCII, which is seen in a fraction of the time that the classes of Unicode take. */
const unusual = /[^\t\n -~]/

const invisible = new RegExp(
  [
    '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]',
    '[\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]',
    '[\\ufdd0-\\ufdef\\ufeff\\ufffe\\uffff]',
    '\\p{Surrogate}',
  ].join('|'),
  'gu',
)

/** For text and quoted attribute values of HTML and XML. */
export function escapeMarkup(value: unknown): string {
  return printable(String(value))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
