import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { filesWith } from './holds-secret.fake.ts'

const secret = 'session-5f3c0d0b77aa'

/** A zip file of one entry, its sizes in the central directory alone. */
function zipOf(content: Buffer): Buffer {
  const packed = deflateRawSync(content)
  const local = Buffer.alloc(30)
  local.write('PK\x03\x04', 'latin1')
  local.writeUInt16LE(8, 6)
  local.writeUInt16LE(8, 8)
  local.writeUInt16LE(1, 26)
  const central = Buffer.alloc(46)
  central.write('PK\x01\x02', 'latin1')
  central.writeUInt16LE(8, 10)
  central.writeUInt32LE(crc32(content), 16)
  central.writeUInt32LE(packed.length, 20)
  central.writeUInt32LE(content.length, 24)
  central.writeUInt16LE(1, 28)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  return Buffer.concat([local, Buffer.from('a'), packed, central, Buffer.from('a'), end])
}

describe('filesWith', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swp-test-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('finds a word however it was written down, and packed', () => {
    const text = (before: string) => Buffer.from(`${before}${secret}; more`)
    const files: Readonly<Record<string, Buffer | string>> = {
      'as it is.pcap': text('x'),
      'base64 0': text('').toString('base64'),
      'base64 1': text('1').toString('base64'),
      'base64 2': text('12').toString('base64url'),
      hex: text('1').toString('hex'),
      HEX: text('1').toString('hex').toUpperCase(),
      'utf-16': Buffer.from(`1${secret}`, 'utf16le'),
      'gzip.gz': gzipSync(text('x')),
      'zip.zip': zipOf(text('x')),
      'both.zip': zipOf(gzipSync(text('x'))),
    }
    mkdirSync(join(folder, 'below'))
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'below', name), content)
    writeFileSync(join(folder, 'innocent'), gzipSync('session-5f3c0d0b77ab'))
    expect(filesWith(folder, ['no such word', secret]).sort()).to.deep.equal(
      Object.keys(files)
        .map((name) => join('below', name))
        .sort(),
    )
  })
})
