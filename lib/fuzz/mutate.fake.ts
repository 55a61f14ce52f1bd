import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../package-root.ts'

/** Numbers from 0 to below `below`, the same for the same seed. */
export type Random = (below: number) => number

/** xorshift: nearby seeds give unlike sequences, other than with a linear generator. */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  for (let round = 0; round < 8; round++) next()
  return (below) => next() % Math.max(1, below)
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[random(from.length)]
  if (found === undefined) throw new Error('nothing to choose from')
  return found
}

/** Text that means something to a terminal, a workflow's log, HTML, XML, Markdown or a file system. */
export const hostileTexts = [
  '\u001b]0;title\u0007\u001b[2J',
  '\r\n::error title=forged::x\n##[warning]y',
  '<img src=x onerror=alert(1)><script>alert(2)</script>"\'`',
  ']]><x/>',
  '&lt;&#x1b;&bogus;',
  '[link](javascript:alert(1)) @somebody #1 |a|b|',
  '../../../../etc/passwd',
  '\u0000\u0008\u000b\u009b\u202e\u2028\ufffe\ud800',
  '__proto__',
  'constructor',
  `${'`'.repeat(3)}\n# x`,
  '@@ end',
  '%0A%00',
  'x'.repeat(3000),
]

const words = [
  ...hostileTexts,
  ...[
    '-1',
    '0',
    '4294967295',
    '4294967296',
    '99999999999999999999',
    '1e400',
    'NaN',
    '0x',
    '0777',
    '2001-99-99',
  ],
  ...[
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '"',
    "'",
    '\\',
    ':',
    ': ',
    '- ',
    '? ',
    '&a ',
    '*a',
    '!!x ',
    '{{ v0 }}',
    '{%',
  ],
  ...[
    '[1:999]',
    '[a:z]',
    '[',
    ']',
    '[x:children]',
    '[x:vars]',
    '#',
    ';',
    '=',
    '\n',
    '\n\n',
    ' ',
    '\t',
    '\u00a0',
    '/',
  ],
  ...[
    'fe80::1%eth0',
    '::',
    '255.255.255.255/33',
    '10.0.0.1',
    'ff:ff:ff:ff:ff:ff',
    '<<',
    '|',
    '>',
    '---',
    '...',
  ],
]

/** A few changes: parts removed, repeated, moved, put in from elsewhere. */
export function mutateText(seeds: readonly string[], random: Random, mostCharacters = 20_000): string {
  let text = pick(random, seeds)
  for (let change = 1 + random(random(2) === 0 ? 1 : 6); change > 0; change--) {
    const at = random(text.length + 1)
    const to = Math.min(text.length, at + random(random(4) === 0 ? 400 : 12))
    const put = [
      () => '',
      () => pick(random, words),
      () => text.slice(at, to).repeat(2 + random(random(8) === 0 ? 200 : 4)),
      () => partOf(pick(random, seeds), random),
      () => String.fromCharCode(random(random(2) === 0 ? 128 : 65_536)),
      () => [...text.slice(at, to)].reverse().join(''),
    ]
    text = text.slice(0, at) + pick(random, put)() + text.slice(random(2) === 0 ? to : at)
  }
  return text.slice(0, mostCharacters)
}

function partOf(text: string, random: Random): string {
  const at = random(text.length)
  return text.slice(at, at + random(200))
}

const numbers = [0, 1, 4, 12, 16, 20, 28, 0x7fff_ffff, 0xffff_ffff, 262_144, 262_145, 64 << 20]

/** Changed bytes and 32-bit numbers, more of them near the start, where headers stand. */
export function mutateBytes(seed: Uint8Array, random: Random): Uint8Array {
  const bytes = seed.slice(0, random(4) === 0 ? random(seed.length) : seed.length)
  const view = new DataView(bytes.buffer)
  for (let change = 1 + random(8); change > 0 && bytes.length > 8; change--) {
    const at = random(random(4) === 0 ? bytes.length : Math.min(bytes.length, 1200))
    if (random(2) === 0 && at + 4 <= bytes.length) {
      view.setUint32(at, random(4) === 0 ? random(2 ** 31) : pick(random, numbers), random(4) > 0)
    } else bytes[at] = random(2) === 0 ? random(256) : pick(random, [0, 1, 0x45, 0x7f, 0x80, 0xff])
  }
  return bytes
}

/** Some values of the data replaced, removed or repeated. */
export function mutateJson(data: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(data)
  for (let change = 1 + random(5); change > 0; change--) mutateOne(copy, random)
  return copy
}

const decisive: ReadonlySet<string> = new Set([
  ...[
    'schemaVersion',
    'version',
    'outcome',
    'state',
    'kind',
    'role',
    'origin',
    'safety',
    'startedFrom',
    'engine',
  ],
  ...['conclusion', 'runId'],
])

function mutateOne(data: unknown, random: Random): void {
  let holder = data
  for (;;) {
    if (typeof holder !== 'object' || holder === null) return
    const keys = Object.keys(holder)
    if (keys.length === 0) return
    const [record, key] = [holder as Record<string, unknown>, pick(random, keys)]
    const value = record[key]
    if (typeof value === 'object' && value !== null && random(5) > 0) {
      holder = value
      continue
    }
    // What decides whether the rest is read at all is left alone, mostly.
    if (decisive.has(key) && random(20) > 0) return
    if (Array.isArray(holder) && random(3) === 0)
      holder.push(...Array.from({ length: random(30) }, () => value))
    else if (random(25) === 0) Reflect.deleteProperty(record, key)
    else record[key] = replacement(value, random)
    return
  }
}

function replacement(value: unknown, random: Random): unknown {
  // Mostly of the same type, so that the shape stays one that is read.
  if (typeof value === 'string' && random(30) > 0)
    return random(2) === 0 ? pick(random, words) : mutateText([value], random)
  if (typeof value === 'number' && random(30) > 0)
    return pick(random, [0, -1, 1e308, -1e308, 0.5, 2 ** 53, ...numbers])
  return pick<unknown>(random, [null, true, -1, '', [], {}, [[[[]]]], { a: { b: [1] } }, value])
}

/** Template literals of the tests of a room: what real programs printed, and files as people write them. */
export function literalsOf(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    const path = join(packageRoot(), folder)
    const files = readdirSync(path).filter((name) => name.endsWith('.test.ts'))
    return files.flatMap((name) =>
      [...readFileSync(join(path, name), 'utf8').matchAll(/`((?:[^`\\$]|\\.)*\n(?:[^`\\$]|\\.)*)`/g)]
        .map(([, text = '']) => text.replaceAll('\\`', '`').replaceAll('\\\\', '\\'))
        .filter((text) => text.length < 20_000),
    )
  })
}
