import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm

/** What files declare and export, with where they do; what only tests use is theirs to name. */
function* exports(): Generator<readonly [name: string, file: string]> {
  for (const folder of ['lib', 'suites']) {
    for (const path of readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts') || /\.(test|fake|lab|d)\.ts$/.test(path)) continue
      const file = `${folder}/${path}`
      const text = readFileSync(join(packageRoot(), file), 'utf8')
      for (const [, name = ''] of text.matchAll(declaration)) yield [name, file]
    }
  }
}

describe('exported names', () => {
  it('mean one thing each: no two files declare the same one', () => {
    const files = new Map<string, Set<string>>()
    for (const [name, file] of exports()) files.set(name, (files.get(name) ?? new Set()).add(file))
    const shared = [...files].filter(([, where]) => where.size > 1)
    expect(shared.map(([name, where]) => `${name}: ${[...where].join(', ')}`)).to.deep.equal([])
  })

  it('are found at all', () => {
    expect(new Map(exports()).size).to.be.greaterThan(1000)
  })
})
