import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, inflateRawSync } from 'node:zlib'

/** Files below a folder that hold one of the words: as it is, in hexadecimal, base64, UTF-16, or compressed. */
export function filesWith(folder: string, words: readonly string[]): string[] {
  const needles = words.flatMap(shapesOf)
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && holds(readFileSync(path), needles)
  })
}

/** How a word may stand in a file. */
export function shapesOf(word: string): Buffer[] {
  const bytes = Buffer.from(word)
  const hex = bytes.toString('hex')
  // Base64 depends on where the word begins; the first and the last characters depend on its neighbours.
  const base64 = [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const inner = text.slice(before === 0 ? 0 : before + 1, -2)
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
  const texts = [
    hex,
    hex.toUpperCase(),
    hex.replaceAll(/(..)(?!$)/g, '$1:'),
    hex.replaceAll(/(..)(?!$)/g, '$1 '),
    ...base64,
  ]
  return [bytes, Buffer.from(word, 'utf16le'), ...texts.map((text) => Buffer.from(text))]
}

function holds(content: Buffer, needles: readonly Buffer[], depth = 0): boolean {
  if (needles.some((needle) => content.includes(needle))) return true
  return depth < 3 && unpacked(content).some((inner) => holds(inner, needles, depth + 1))
}

function unpacked(content: Buffer): Buffer[] {
  if (content.length > 18 && content.readUInt16BE(0) === 0x1f8b) return attempt(() => gunzipSync(content))
  if (content.length > 30 && content.readUInt32BE(0) === 0x504b0304) return zipEntries(content)
  return []
}

/** By the central directory, whose entries have the sizes that local headers may lack. */
function zipEntries(content: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (
    let at = content.indexOf('PK\x01\x02', 0, 'latin1');
    at >= 0;
    at = content.indexOf('PK\x01\x02', at + 4, 'latin1')
  ) {
    if (at + 46 > content.length) break
    const [method, size, local] = [
      content.readUInt16LE(at + 10),
      content.readUInt32LE(at + 20),
      content.readUInt32LE(at + 42),
    ]
    if (local + 30 > content.length) continue
    const start = local + 30 + content.readUInt16LE(local + 26) + content.readUInt16LE(local + 28)
    const bytes = content.subarray(start, start + size)
    found.push(...(method === 8 ? attempt(() => inflateRawSync(bytes)) : [bytes]))
  }
  return found
}

function attempt(work: () => Buffer): Buffer[] {
  try {
    return [work()]
  } catch {
    return []
  }
}
