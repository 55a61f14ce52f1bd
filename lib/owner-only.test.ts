import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeOwnerFolder } from './owner-only.ts'

describe('a folder for its owner alone', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-owner-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is made with those above it, and may be there', () => {
    const inner = join(folder, 'a', 'b', 'c')
    makeOwnerFolder(inner)
    makeOwnerFolder(inner)
    for (const one of [inner, join(folder, 'a')]) expect(statSync(one).mode & 0o777).to.equal(0o700)
  })

  it('is refused, and not tried for ever, where none can be made', function () {
    writeFileSync(join(folder, 'file'), '')
    expect(() => makeOwnerFolder(join(folder, 'file'))).to.throw('EEXIST')
    expect(() => makeOwnerFolder(join(folder, 'file', 'in'))).to.throw('ENOTDIR')
    if (process.platform !== 'linux') this.skip()
    expect(() => makeOwnerFolder('/proc/swarmproof/reports')).to.throw('ENOENT')
  })
})
