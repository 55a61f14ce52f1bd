import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from './checkout.ts'

describe('what npm run bench:run is given', function () {
  this.timeout(30_000)

  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['--against', 'no-such-commit'], /no commit 'no-such-commit'.*--unshallow/],
    [['--pairs', '0'], /--pairs takes a number from 1/],
    [['quik'], /unknown case 'quik'; valid: .*quick/],
  ]
  for (const [words, said] of refusals)
    it(`is refused before anything is checked out: ${words.join(' ')}`, () => {
      const program = ['--import', 'tsx', join(root, 'bench', 'run.ts'), ...words]
      const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8', cwd: root })
      expect({ status, stdout }).to.deep.equal({ status: 64, stdout: '' })
      expect(stderr).to.match(said)
    })
})
