import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

/** Run on labs alone, or on this machine. */
const ofLabs = /^lib\/(?:fault|setup|host\/vm|host\/container|lint|fuzz)\//

describe('docs/security.md', () => {
  const root = packageRoot()
  const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
  const named = new Set(
    [...page.matchAll(/`((?:lib|suites)\/[\w./-]+\.(?:ts|sh|pl))`/g)].map(([, file]) => file),
  )
  /** What runs there itself, or the module that holds it. */
  const isScript = (file: string): boolean =>
    /\.(?:sh|pl)$/.test(file) ||
    /\b(?:sh`|scriptFile\(|perlFile\()/.test(readFileSync(join(root, file), 'utf8'))
  const sources = ['lib', 'suites'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )

  it('has every file that holds a script for hosts', () => {
    const withScripts = sources.filter(
      (file) =>
        /\.(?:ts|sh|pl)$/.test(file) &&
        !/\.(?:test|fake|lab)\.(?:ts|sh|pl)$/.test(file) &&
        !ofLabs.test(file) &&
        !/^lib\/script(?:-file)?\.ts$/.test(file) &&
        isScript(file),
    )
    expect(withScripts).to.have.lengthOf.above(50)
    expect(withScripts.filter((file) => !named.has(file))).to.deep.equal([])
  })

  it('can be read without scrolling sideways', () => {
    expect(page.split('\n').filter((line) => line.length > 130)).to.deep.equal([])
  })

  it('names no file that is not there', () => {
    expect([...named].filter((file) => !sources.includes(file ?? ''))).to.deep.equal([])
  })
})
