import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { SwarmproofError } from '../error.ts'
import { sh } from '../script.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { type Change, reversibly } from './reversibly.ts'

const shells = ['/bin/sh', '/bin/busybox'].filter((shell) => existsSync(shell))

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  return thrown instanceof SwarmproofError ? thrown.code : `no SwarmproofError but ${String(thrown)}`
}

for (const shell of shells) {
  describe(`a change that is undone, by ${shell}`, function () {
    this.timeout(20_000)
    const programs = mkdtempSync(join(tmpdir(), 'swp-sh-'))
    symlinkSync(shell, join(programs, 'sh'))
    const host = nativeHost('web1', [
      ...['/usr/bin/env', `PATH=${programs}:${process.env['PATH']}`],
      ...(shell === '/bin/busybox' ? [shell, 'sh', '-c'] : [shell, '-c']),
    ])
    let folder: string
    let change: Change

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'swp-change-'))
      const state = join(folder, 'state')
      change = {
        name: 'firewall',
        do: sh`echo changed >>${state}`,
        undo: sh`echo undone >>${state}`,
        deadManSeconds: 60,
        root: folder,
        systemdFolder: join(folder, 'no-systemd'),
      }
    })

    afterEach(() => rmSync(folder, { recursive: true, force: true }))

    after(() => rmSync(programs, { recursive: true }))

    const state = (): string => readFileSync(join(folder, 'state'), 'utf8')
    const inForce = (): string => join(folder, 'swarmproof-change-firewall')
    const pid = (): string => readFileSync(join(inForce(), 'pid'), 'utf8').trim()
    const untilUndone = (): Promise<void> =>
      eventually({ what: 'the host has undone it', withinMs: 10_000, everyMs: 30 }, async () =>
        existsSync(inForce()) ? { ready: false, seen: state() } : { ready: true, value: undefined },
      )

    it('is undone once by its owner, whose switch ends with it', async () => {
      const undo = await reversibly(host, change)
      expect(state()).to.equal('changed\n')
      const switchPid = pid()
      expect(readFileSync(`/proc/${switchPid}/cmdline`, 'utf8')).to.contain(inForce())
      await undo()
      expect(state()).to.equal('changed\nundone\n')
      expect(
        existsSync(`/proc/${switchPid}/cmdline`) && readFileSync(`/proc/${switchPid}/cmdline`, 'utf8'),
      ).to.be.oneOf([false, ''])
      expect(readdirSync(folder)).to.deep.equal(['state'])
    })

    it('is undone once by the host where nobody does, and the owner that comes later is told', async () => {
      const undo = await reversibly(host, { ...change, deadManSeconds: 0.3 })
      await untilUndone()
      expect(await codeOf(undo())).to.equal('CHANGE_UNDONE')
      expect(state()).to.equal('changed\nundone\n')
    })

    it('is not undone by the switch of a run before', async () => {
      const first = await reversibly(host, { ...change, deadManSeconds: 0.6 })
      await first()
      const second = await reversibly(host, change)
      await delay(1_000)
      expect(state()).to.equal('changed\nundone\nchanged\n')
      await second()
      expect(state()).to.equal('changed\nundone\nchanged\nundone\n')
    })

    it('is in force for one run at a time, and the first one’s is left as it is', async () => {
      const first = await reversibly(host, change)
      expect(await codeOf(reversibly(host, change))).to.equal('CHANGE_TAKEN')
      expect(state()).to.equal('changed\n')
      await first()
      expect(state()).to.equal('changed\nundone\n')
    })

    it('is undone at once where a part of it fails, and nothing is left', async () => {
      const half = { ...change, do: sh`echo half >>${join(folder, 'state')}; false; echo never` }
      expect(await codeOf(reversibly(host, half))).to.equal('CHANGE_FAILED')
      expect(state()).to.equal('half\nundone\n')
      expect(readdirSync(folder)).to.deep.equal(['state'])
    })

    it('stays with the switch where the owner cannot undo it', async () => {
      const blocked = join(folder, 'blocked')
      writeFileSync(blocked, '')
      const undo = await reversibly(host, {
        ...change,
        undo: sh`[ ! -e ${blocked} ] || { echo 'no such rule' >&2; exit 1; }; echo undone >>${join(folder, 'state')}`,
        deadManSeconds: 1,
      })
      const error: unknown = await undo().catch((thrown: unknown) => thrown)
      expect((error as Error).message)
        .to.contain('could not be undone')
        .and.contain('no such rule')
      rmSync(blocked)
      await untilUndone()
      expect(state()).to.equal('changed\nundone\n')
    })

    it('is undone with words that no shell takes for its own', async () => {
      const odd = join(folder, `it's $(touch INJECTED); touch INJECTED`)
      const undo = await reversibly(host, { ...change, do: sh`echo x >${odd}`, undo: sh`rm ${odd}` })
      expect(existsSync(odd)).to.equal(true)
      await undo()
      expect(readdirSync(folder)).to.deep.equal([])
    })
  })
}
