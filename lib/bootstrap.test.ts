import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

describe('the bootstrap of a checkout', () => {
  it('empties no folder that node_modules is a link to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-bootstrap-'))
    try {
      const [checkout, shared] = [join(folder, 'checkout'), join(folder, 'shared')]
      for (const each of [join(checkout, 'bin'), join(checkout, 'lib', 'cli'), shared])
        mkdirSync(each, { recursive: true })
      cpSync(join(packageRoot(), 'bin', 'bootstrap.js'), join(checkout, 'bin', 'bootstrap.js'))
      writeFileSync(join(checkout, 'lib', 'cli', 'main.ts'), '')
      writeFileSync(join(checkout, 'package.json'), '{"name":"x","version":"1.0.0","type":"module"}')
      writeFileSync(join(checkout, 'package-lock.json'), '{"name":"x","lockfileVersion":3,"packages":{}}')
      writeFileSync(join(shared, 'kept'), '')
      symlinkSync(shared, join(checkout, 'node_modules'))
      const program = "(await import('./bin/bootstrap.js')).ensurePackages()"
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        cwd: checkout,
        encoding: 'utf8',
      })
      expect(stderr).to.contain('node_modules is a link').and.to.contain('npm ci')
      expect(status).to.equal(70)
      expect(existsSync(join(shared, 'kept'))).to.equal(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
