import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { contentKey, readManifest, writeManifest } from './manifest.ts'

describe('manifest', () => {
  let folder = ''
  before(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))))
  after(() => rmSync(folder, { recursive: true }))

  it('comes back as written, and leaves no temporary file', async () => {
    const path = join(folder, 'a/manifest.json')
    await writeManifest(path, { version: 1 })
    await writeManifest(path, { version: 2 })
    expect(await readManifest(path)).to.deep.equal({ version: 2 })
    expect(readdirSync(join(folder, 'a'))).to.deep.equal(['manifest.json'])
  })

  it('is undefined if missing, torn, or no object', async () => {
    for (const content of ['{"version": 1', '', '[1]', '"text"', 'null']) {
      writeFileSync(join(folder, 'torn.json'), content)
      expect(await readManifest(join(folder, 'torn.json')), content).to.equal(undefined)
    }
    expect(await readManifest(join(folder, 'absent.json'))).to.equal(undefined)
  })

  it('keys depend on content, not on the order of properties', () => {
    expect(contentKey({ a: 1, b: [1, { c: 2 }] })).to.equal(contentKey({ b: [1, { c: 2 }], a: 1 }))
    expect(contentKey({ a: 1, b: undefined })).to.equal(contentKey({ a: 1 }))
    expect(contentKey({ a: [1, 2] })).not.to.equal(contentKey({ a: [2, 1] }))
    expect(contentKey({ a: '1' })).not.to.equal(contentKey({ a: 1 }))
  })
})
