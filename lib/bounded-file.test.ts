import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readBoundedText } from './bounded-file.ts'

describe('reading a file within a bound', () => {
  let folder = ''
  before(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))))
  after(() => rmSync(folder, { recursive: true }))

  const bound = { mostBytes: 1024 }

  it('takes what is as large as the bound, and refuses one byte more', () => {
    const file = join(folder, 'text')
    writeFileSync(file, 'ä'.repeat(512))
    expect(readBoundedText(file, bound)).to.equal('ä'.repeat(512))
    writeFileSync(file, 'x'.repeat(1025))
    expect(() => readBoundedText(file, bound)).to.throw('it is larger than 1 KiB, the most that is read')
  })

  it('refuses a huge sparse file without reading it', () => {
    const file = join(folder, 'sparse')
    writeFileSync(file, '')
    truncateSync(file, 2 ** 40)
    expect(() => readBoundedText(file, bound)).to.throw('it is larger than 1 KiB')
  })

  it('refuses what is no file, without waiting for it', () => {
    const [pipe, below] = [join(folder, 'pipe'), join(folder, 'folder')]
    execFileSync('mkfifo', [pipe])
    mkdirSync(below)
    expect(() => readBoundedText(pipe, bound)).to.throw('it is a named pipe, not a file')
    expect(() => readBoundedText(below, bound)).to.throw('it is a directory, not a file')
    expect(() => readBoundedText('/dev/zero', bound)).to.throw('it is a device, not a file')
  })

  it('reads as much of a pipe or a device as the bound allows where pipes will do', () => {
    expect(() => readBoundedText('/dev/zero', { ...bound, orPipe: true })).to.throw('it is larger than 1 KiB')
    expect(readBoundedText('/dev/null', { ...bound, orPipe: true })).to.equal('')
    expect(() => readBoundedText(folder, { ...bound, orPipe: true })).to.throw('it is a directory')
  })
})
