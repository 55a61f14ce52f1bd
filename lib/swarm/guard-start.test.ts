import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { sh } from '../script.ts'
import { fakeEngine } from './guard.fake.ts'
import { startGuard } from './guard.ts'
import { describeGuards, failure, others } from './guarded.fake.ts'

describeGuards('a guard', (on, shell) => {
  describe('that cannot start', () => {
    /** Everything a host of this test needs, but for setsid. */
    const withoutSetsid = (): string => {
      const poor = join(on().folder, 'poor')
      mkdirSync(poor)
      for (const tool of 'cat mkdir mkfifo rm rmdir sleep env wc grep tr sed sort printf cut timeout'.split(
        ' ',
      ))
        symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(poor, tool))
      return `${on().engine.path}:${poor}`
    }

    // A busybox has setsid in any case.
    const poorable = shell === '/bin/sh' ? it : it.skip

    poorable('leaves nothing on its host, and takes the guards of the others away', async () => {
      const good = join(on().folder, 'good')
      mkdirSync(good)
      const other = fakeEngine(good, shell)
      const slow = on().hostWith(`${other.path}:${process.env.PATH}`, 'slow')
      // It comes up when the poor one has failed already. Two hosts here have two roots by a link of each one's own.
      const exec: Host['remote']['exec'] = async (script, options) => {
        await new Promise((resolve) => setTimeout(resolve, 300))
        return slow.remote.exec(
          sh`exec sh -c ${script.text.replaceAll(`${on().folder}/lib`, `${good}/lib`)}`,
          options,
        )
      }
      const error = await failure(
        startGuard([{ ...slow, remote: { ...slow.remote, exec } }, on().hostWith(withoutSetsid(), 'poor')], {
          runId: 'run-1',
          prefix: 'swp-x',
          root: join(on().folder, 'lib'),
          systemdFolder: join(on().folder, 'no-systemd'),
          tickSeconds: 0.1,
        }),
      )
      expect(error.message).to.contain('no setsid').and.contain('(on poor)')
      expect(existsSync(join(on().folder, 'lib')), 'of the poor one').to.equal(false)
      expect(existsSync(join(good, 'lib')), 'of the slow one').to.equal(false)
      expect(other.read('asked'), 'the slow one had been started').to.contain('service ls')
    })

    it('leaves a folder alone that is there already', async () => {
      mkdirSync(on().own, { recursive: true })
      writeFileSync(join(on().own, 'made'), 'image x\n')
      const error = await failure(on().start())
      expect(error.message).to.contain('is there already')
      expect(readdirSync(on().own)).to.deep.equal(['made'])
    })
  })

  describe('where systemd runs', () => {
    /** Stands in for systemd-run: starts the command as systemd does, in a session of its own, and writes down how. */
    const standIn = String.raw`#!/bin/sh
printf '%s\n' "$*" >>STATE/units
[ ! -e STATE/refuses ] || { echo 'Failed to start transient service unit: Access denied' >&2; exit 1; }
while case $1 in --*) true ;; *) false ;; esac; do shift; done
setsid "$@" &
`

    it('is a unit of its own, so that the end of a login session does not end it', async () => {
      const systemd = join(on().folder, 'systemd')
      mkdirSync(systemd)
      on().engine.program('systemd-run', standIn)
      on().engine.program('systemctl', '#!/bin/sh\necho "$*" >>STATE/stopped\n')
      await on().start({ systemdFolder: systemd })
      expect(on().engine.read('units')).to.contain('--quiet --collect --unit=swarmproof-run-1 ')
      expect(on().engine.read('units')).to.contain(`--setenv=PATH=${on().engine.path}:`)
      await on().guard?.[Symbol.asyncDispose]()
      expect(on().engine.left()).to.deep.equal(others)
      expect(on().engine.read('stopped')).to.equal('stop swarmproof-run-1\n')
    })

    it('is started by setsid where systemd refuses', async () => {
      const systemd = join(on().folder, 'systemd')
      mkdirSync(systemd)
      on().engine.program('systemd-run', standIn)
      on().engine.program('systemctl', '#!/bin/sh\nexit 1\n')
      on().engine.set('refuses')
      await on().start({ systemdFolder: systemd, silenceSeconds: 1, lapseSeconds: 600, beatMs: 600_000 })
      await on().untilGone()
    })
  })
})
