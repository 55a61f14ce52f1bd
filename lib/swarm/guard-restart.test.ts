import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { type Guard } from './guard.ts'
import { commandOf, describeGuards, lineHolder, others } from './guarded.fake.ts'

describeGuards('a guard of a host that is restarted', (on, shell) => {
  /** As a restart leaves a host: no process of before, another boot id, the engine's objects as they were. */
  const restartHost = async (): Promise<void> => {
    process.kill(await lineHolder(on().own), 'SIGKILL')
    process.kill(-Number(readFileSync(join(on().own, 'pid'), 'utf8')), 'SIGKILL')
    on().engine.set('boot', 'another boot\n')
  }

  // Of busybox the programs are its own, whatever stands first in PATH: no other boot id can be had there.
  const restartable = shell === '/bin/sh' ? it : it.skip

  restartable('cleans up in the end, and the run is told what happened', async () => {
    await on().start({ beatMs: 100 })
    await on().guard?.removesImage(on().host, 'swarmproof/probe:x')
    const { lost } = on().guard as Guard
    await restartHost()
    if (!lost.aborted) await once(lost, 'abort')
    expect((lost.reason as Error).message)
      .to.contain('the host restarted during the run')
      .and.contain('(on web1)')
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(others)
    expect(on().engine.read('images/list')).to.equal('busybox:1\n')
    expect(existsSync(on().own)).to.equal(false)
  })

  it('cleans up where the restart took the folder away, too', async () => {
    await on().start({ beatMs: 600_000 })
    await on().guard?.removesImage(on().host, 'swarmproof/probe:x')
    await restartHost()
    rmSync(join(on().folder, 'lib'), { recursive: true })
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(others)
    expect(on().engine.read('images/list')).to.equal('busybox:1\n')
  })

  restartable('watches over it again where the restart is part of what is verified', async () => {
    const restarted: string[] = []
    await on().start({ beatMs: 100, restartsExpected: true, onRestart: ({ name }) => restarted.push(name) })
    const { lost } = on().guard as Guard
    await restartHost()
    await eventually({ what: 'it is told', withinMs: 10_000, everyMs: 20 }, async () =>
      restarted.length > 0 ? { ready: true, value: undefined } : { ready: false, seen: 'nothing' },
    )
    expect(restarted).to.deep.equal(['web1'])
    expect(lost.aborted).to.equal(false)
    expect(commandOf(readFileSync(join(on().own, 'pid'), 'utf8').trim())).to.contain(on().own)
  })
})
