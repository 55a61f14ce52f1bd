import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { perlFile, scriptFile } from './script-file.ts'
import { sh } from './script.ts'

const observe = new URL('observe/observe-script.ts', import.meta.url).href

describe('a script that is a file', () => {
  it('is its text, with settings and words as exactly these words before it', () => {
    const plain = scriptFile(observe, 'observe.sh').text
    expect(plain).to.match(/^#!\/bin\/sh\n: "\$\{mark\?\}"/)
    const hostile = `it's $(id) "\`id\`" \\ \n#`
    const given = scriptFile(observe, 'observe.sh', { wanted: hostile, number: 7 }, ['a b', '$(id)', 3]).text
    expect(given.endsWith(plain.slice('#!/bin/sh\n'.length))).to.equal(true)
    const before = given.slice(0, given.length - plain.length + '#!/bin/sh\n'.length)
    const printed = execFileSync('sh', ['-c', `${before}\nprintf '%s|' "$wanted" "$number" "$@"`])
    expect(printed.toString()).to.equal(`${hostile}|7|a b|$(id)|3|`)
  })

  it('keeps the words it is called with where none are given', () => {
    const { text } = scriptFile(observe, 'observe.sh', {})
    expect(text).not.to.contain('set -- \n')
    expect(sh`sh -c ${text} observe 1`.text).to.contain('observe 1')
  })

  it('is one of this package, beside its module, with a plain name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-script-'))
    writeFileSync(join(folder, 'other.sh'), '#!/bin/sh\ntrue\n')
    const outside = pathToFileURL(join(folder, 'module.ts')).href
    expect(() => scriptFile(outside, 'other.sh')).to.throw('is outside this package')
    rmSync(folder, { recursive: true })
    for (const name of [
      '../observe/observe.sh',
      '/etc/x.sh',
      'a b.sh',
      '.sh',
      'x.sh?y.sh',
      '%2e.sh',
    ] as const)
      expect(() => scriptFile(observe, name), name).to.throw('cannot name a script')
    expect(() => perlFile(observe, 'none.pl')).to.throw('ENOENT')
    expect(() => scriptFile(observe, 'observe.sh', { 'a=b;id': 1 })).to.throw('cannot name a setting')
  })
})
