import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const program = fileURLToPath(new URL('seal-program.pl', import.meta.url))

describe('a sealed program', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sealed-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('runs, cannot be written, and is there as long as what keeps it', async () => {
    const link = join(folder, 'echo')
    const keeper = spawn('perl', [program, '/bin/echo', link], { stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = new Promise((resolve) => keeper.once('exit', resolve))
    try {
      for (let tries = 0; !existsSync(link) && tries < 100; tries++) await sleep(50)
      expect(execFileSync(link, ['said'], { encoding: 'utf8' })).to.equal('said\n')
      expect(readlinkSync(link)).to.match(new RegExp(`^/proc/${keeper.pid}/fd/[0-9]+$`))
      const copy = openSync(link, constants.O_RDWR)
      expect(() => writeSync(copy, 'other')).to.throw(/EPERM/)
      closeSync(copy)
    } finally {
      keeper.kill('SIGKILL')
    }
    await ended
    // Looking for a program by its name passes over a link that leads nowhere.
    expect(existsSync(link)).to.equal(false)
  })
})
