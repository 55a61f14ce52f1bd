import { execFileSync, spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { changeScripts } from '../change/reversibly.ts'
import type { Script } from '../script.ts'
import { findScript } from './find-left.ts'
import { guardProgram } from './guard-program.ts'
import { addScript, beatScript, finishScript, startScript, stayScript } from './guard-scripts.ts'
import { undoScript } from './remove-left.ts'

const scripts: Readonly<Record<string, Script>> = {
  ...{ guardProgram, startScript, beatScript, finishScript, addScript, stayScript, findScript, undoScript },
  ...changeScripts,
}

function shellcheck(text: string): string {
  // SC2015 finds `a && b || exit`, which is meant so here.
  const words = ['--shell=sh', '--severity=info', '--format=gcc', '--exclude=SC2015', '-']
  const { stdout, error } = spawnSync('shellcheck', words, {
    input: `#!/bin/sh\n${text}\n`,
    encoding: 'utf8',
  })
  if (error !== undefined) throw error
  return stdout
}

describe('scripts that run on existing hosts', function () {
  this.timeout(30_000)

  before(function () {
    try {
      execFileSync('shellcheck', ['--version'])
    } catch {
      this.skip()
    }
  })

  for (const [name, { text }] of Object.entries(scripts)) {
    it(`${name} is what POSIX has, with every word quoted`, () => {
      expect(shellcheck(text)).to.equal('')
    })
  }

  it('would be refused with one word unquoted', () => {
    expect(shellcheck(guardProgram.text.replace('rm -rf "$folder"', 'rm -rf $folder'))).to.contain('SC2086')
  })
})
