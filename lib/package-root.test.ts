import { existsSync, mkdtempSync, mkdirSync, writeFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

describe('package root', () => {
  it('is where package.json and the topologies are', () => {
    expect(existsSync(join(packageRoot(), 'topologies', 'three-node.yaml'))).to.equal(true)
  })

  it('is found from the compiled files too, and its absence is said', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-root-'))
    const compiled = join(folder, 'dist', 'lib')
    mkdirSync(compiled, { recursive: true })
    const file = pathToFileURL(join(compiled, 'package-root.js')).href
    expect(() => packageRoot(file)).to.throw('swarmproof does not find its own files')
    writeFileSync(join(folder, 'package.json'), '{}')
    expect(packageRoot(file)).to.equal(folder)
    rmSync(folder, { recursive: true })
  })
})
