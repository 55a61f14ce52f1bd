import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import type { Host } from '../host/host.ts'
import { type Guard, type GuardOptions, startGuard } from './guard.ts'
import { type FakeEngine, fakeEngine } from './guard.fake.ts'

const label = 'swarmproof=run-1'
const theirs = 'swarmproof=run-2'

/** Everything that a shell may be on hosts: dash here, busybox on others. */
const shells = ['/bin/sh', '/bin/busybox'].filter((shell) => existsSync(shell))

/** Empty for a process that has ended, also where nobody has asked for its end yet. */
function commandOf(pid: string): string {
  return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
}

for (const shell of shells) {
  describe(`a guard, by ${shell}`, function () {
    this.timeout(30_000)
    let folder: string
    let engine: FakeEngine
    let host: Host
    let guard: Guard | undefined

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'swp-guard-'))
      engine = fakeEngine(folder)
      const words = shell === '/bin/busybox' ? [shell, 'sh', '-c'] : [shell, '-c']
      host = nativeHost('web1', ['/usr/bin/env', `PATH=${engine.path}:${process.env.PATH}`, ...words])
      for (const name of ['swp-x-web', 'swp-x-rr']) {
        engine.put('services', name, label)
        engine.put('tasks', `${name}.1.abc`)
      }
      engine.put('containers', 'swp-x-alone', label)
      engine.put('networks', 'swp-x-clear', label)
      for (const kind of ['services', 'containers', 'networks'] as const)
        engine.put(kind, `own-${kind}`, theirs)
      engine.set('images/list', 'busybox:1\nswarmproof/probe:x\n')
    })

    afterEach(async () => {
      await Promise.resolve(guard?.[Symbol.asyncDispose]()).catch(() => undefined)
      guard = undefined
      rmSync(folder, { recursive: true, force: true })
    })

    const start = async (changes: Partial<GuardOptions> = {}) =>
      (guard = await startGuard([host], {
        runId: 'run-1',
        prefix: 'swp-x',
        root: folder,
        tickSeconds: 0.1,
        ...changes,
      }))

    const others = ['services/own-services', 'containers/own-containers', 'networks/own-networks']

    const untilGone = (): Promise<void> =>
      eventually({ what: 'the host has cleaned up', withinMs: 20_000, everyMs: 50 }, async () => {
        const left = [
          ...engine.left(),
          ...(existsSync(join(folder, 'swarmproof-run-1')) ? ['its folder'] : []),
        ]
        return left.length === others.length
          ? { ready: true, value: undefined }
          : { ready: false, seen: left.join(', ') }
      })

    it('removes what the run created and nothing else when it is disposed, and is gone', async () => {
      await start()
      await guard?.removesImage(host, 'swarmproof/probe:x')
      const tools = join(folder, 'tools')
      await guard?.removesFolder(host, tools)
      mkdirSync(tools)
      writeFileSync(join(tools, 'nsenter'), '')
      const pid = readFileSync(join(guard?.folder ?? '', 'pid'), 'utf8').trim()
      await guard?.[Symbol.asyncDispose]()
      expect(engine.left()).to.deep.equal(others)
      expect(readFileSync(join(folder, 'state/images/list'), 'utf8')).to.equal('busybox:1\n')
      expect(existsSync(join(folder, 'swarmproof-run-1'))).to.equal(false)
      expect(existsSync(tools), 'a folder outside its own').to.equal(false)
      expect(commandOf(pid), 'what is left of its process').to.equal('')
      expect(existsSync(join(folder, 'state/strange'))).to.equal(false)
    })

    it('cleans up soon after the process that held the line was killed', async () => {
      await start({ silenceSeconds: 600, lapseSeconds: 0.3, beatMs: 600_000 })
      expect(guard?.lost.aborted).to.equal(false)
      const holders = spawn('/bin/sh', [
        '-c',
        `kill -KILL $(grep -la 2147483647 /proc/[0-9]*/cmdline | while read f; do p=\${f%/cmdline}; ls -l $p/fd/3 2>/dev/null | grep -q ${folder}/ && echo \${p#/proc/}; done)`,
      ])
      expect(await once(holders, 'exit')).to.deep.equal([0, null])
      await untilGone()
    })

    it('cleans up when nothing is heard though the line is held', async () => {
      await start({ silenceSeconds: 0.5, lapseSeconds: 600, beatMs: 600_000 })
      await untilGone()
    })

    it('lets a connection come back, and goes on', async () => {
      await start({ silenceSeconds: 3, lapseSeconds: 2, beatMs: 100 })
      for (let round = 0; round < 2; round += 1) {
        spawn('/bin/sh', ['-c', `exec 3>${folder}/swarmproof-run-1/line`])
        await new Promise((resolve) => setTimeout(resolve, 800))
      }
      expect(existsSync(join(folder, 'swarmproof-run-1', 'watch'))).to.equal(true)
      expect(engine.left()).to.have.lengthOf(9)
    })

    it('tells a run that lives after all that its stack is gone', async () => {
      await start({ silenceSeconds: 0.5, lapseSeconds: 600, beatMs: 1_500 })
      const { lost } = guard as Guard
      await untilGone()
      if (!lost.aborted) await once(lost, 'abort')
      expect((lost.reason as Error).message)
        .to.contain('took it for dead')
        .and.contain('(on web1)')
    })

    it('does not take an engine that is down for one without services', async () => {
      await start({ silenceSeconds: 0.2, beatMs: 600_000 })
      engine.set('down')
      await new Promise((resolve) => setTimeout(resolve, 800))
      expect(engine.left()).to.have.lengthOf(9)
      rmSync(join(folder, 'state/down'))
      await untilGone()
    })

    it('leaves a swarm that was made for the run, and takes docker_gwbridge along', async () => {
      engine.put('networks', 'docker_gwbridge')
      await start()
      await guard?.leavesSwarm(host, { bridge: true })
      await guard?.[Symbol.asyncDispose]()
      expect(existsSync(join(folder, 'state/inactive'))).to.equal(true)
      expect(engine.left()).to.deep.equal(others)
    })

    it('says what is left, and goes on by itself', async () => {
      await start({ silenceSeconds: 1, beatMs: 100, cleanSeconds: 2 })
      engine.set('down')
      const error = await Promise.resolve(guard?.[Symbol.asyncDispose]()).catch((thrown: unknown) => thrown)
      guard = undefined
      expect((error as Error).message).to.match(/web1: left:.*engine does not answer/)
      rmSync(join(folder, 'state/down'))
      await untilGone()
    })
  })
}
