import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { sh } from '../script.ts'
import { eventually } from '../eventually.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import type { Host } from '../host/host.ts'
import { type Guard, type GuardOptions, startGuard } from './guard.ts'
import { type FakeEngine, fakeEngine } from './guard.fake.ts'
import { LeftBehindError } from './leftovers.ts'

const label = 'swarmproof=run-1'
const theirs = 'swarmproof=run-2'

/** Everything that a shell may be on hosts: dash here, busybox on others. */
const shells = ['/bin/sh', '/bin/busybox'].filter((shell) => existsSync(shell))

/** Empty for a process that has ended, also where nobody has asked for its end yet. */
function commandOf(pid: string): string {
  return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).to.be.instanceOf(Error)
  return thrown as Error
}

for (const shell of shells) {
  describe(`a guard, by ${shell}`, function () {
    this.timeout(30_000)
    let folder: string
    let engine: FakeEngine
    let host: Host
    let guard: Guard | undefined

    const hostWith = (path: string, name = 'web1'): Host => {
      const words = shell === '/bin/busybox' ? [shell, 'sh', '-c'] : [shell, '-c']
      return nativeHost(name, ['/usr/bin/env', `PATH=${path}`, ...words])
    }

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'swp-guard-'))
      engine = fakeEngine(folder, shell)
      host = hostWith(`${engine.path}:${process.env.PATH}`)
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
        root: join(folder, 'lib'),
        systemdFolder: join(folder, 'no-systemd'),
        tickSeconds: 0.1,
        ...changes,
      }))

    const own = (): string => join(folder, 'lib', 'run-1')
    const others = ['services/own-services', 'containers/own-containers', 'networks/own-networks']

    const untilGone = (): Promise<void> =>
      eventually({ what: 'the host has cleaned up', withinMs: 20_000, everyMs: 50 }, async () => {
        const left = [...engine.left(), ...(existsSync(own()) ? ['its folder'] : [])]
        return left.every((name) => others.includes(name))
          ? { ready: true, value: undefined }
          : { ready: false, seen: left.join(', ') }
      })

    /** As a restart leaves a host: no process of before, another boot id, the engine's objects as they were. */
    const restartHost = (): void => {
      process.kill(-Number(readFileSync(join(own(), 'pid'), 'utf8')), 'SIGKILL')
      engine.set('boot', 'another boot\n')
    }

    it('removes what the run created and nothing else when it is disposed, and is gone', async () => {
      await start()
      await guard?.removesImage(host, 'swarmproof/probe:x')
      const tools = join(folder, 'swarmproof-run-1')
      await guard?.removesFolder(host, tools)
      mkdirSync(tools)
      writeFileSync(join(tools, 'nsenter'), '')
      const pid = readFileSync(join(own(), 'pid'), 'utf8').trim()
      expect(commandOf(pid)).to.contain(own())
      await guard?.[Symbol.asyncDispose]()
      expect(engine.left()).to.deep.equal(others)
      expect(engine.read('images/list')).to.equal('busybox:1\n')
      expect(existsSync(join(folder, 'lib')), 'its folder and the empty one above').to.equal(false)
      expect(existsSync(tools), 'a folder outside its own').to.equal(false)
      expect(commandOf(pid), 'what is left of its process').to.equal('')
      expect(engine.read('strange')).to.equal(undefined)
    })

    it('removes an image whose name alone could be removed while the disk was full', async () => {
      engine.wrap(
        'docker',
        String.raw`#!/bin/sh
case "$*" in
  'image rm swarmproof/probe:x')
    sed -i '\#^swarmproof/#d' STATE/images/list
    echo sha256:abc >STATE/images/nameless
    echo 'no space left on device' >&2
    exit 1 ;;
esac
exec STATE/docker "$@"
`,
      )
      await start()
      await guard?.removesImage(host, 'swarmproof/probe:x', ['sha256:abc', 'sha256:def'])
      await guard?.[Symbol.asyncDispose]()
      expect(engine.read('images/nameless')).to.equal('')
      expect(engine.read('images/list')).to.equal('busybox:1\n')
      expect(existsSync(own())).to.equal(false)
      expect(engine.read('strange')).to.equal(undefined)
    })

    it('is not misled by a client that prints a warning on standard error at every call', async () => {
      engine.set('warns')
      await start({ cleanLooks: 40 })
      await guard?.removesImage(host, 'swarmproof/probe:x')
      await guard?.[Symbol.asyncDispose]()
      expect(engine.left()).to.deep.equal(others)
      expect(engine.read('images/list')).to.equal('busybox:1\n')
      expect(engine.read('asked')).to.not.contain('WARNING')
      expect(existsSync(own())).to.equal(false)
    })

    it('cleans up by itself with such a client, too', async () => {
      engine.set('warns')
      await start({ silenceSeconds: 0.5, lapseSeconds: 600, beatMs: 600_000 })
      await untilGone()
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
        spawn('/bin/sh', ['-c', `exec 3>${own()}/line`])
        await new Promise((resolve) => setTimeout(resolve, 800))
      }
      expect(existsSync(join(own(), 'watch'))).to.equal(true)
      expect(engine.left()).to.have.lengthOf(9)
    })

    it('tells a run that lives after all that its stack is gone', async () => {
      await start({ silenceSeconds: 0.5, lapseSeconds: 600, beatMs: 1_500 })
      const { lost } = guard as Guard
      await untilGone()
      if (!lost.aborted) await once(lost, 'abort')
      expect((lost.reason as Error).message)
        .to.contain('assumed it dead')
        .and.contain('(on web1)')
    })

    it('removes also what the run created after a host had taken it for dead', async () => {
      await start({ silenceSeconds: 0.5, lapseSeconds: 600, beatMs: 600_000 })
      await untilGone()
      engine.put('services', 'swp-x-late', label)
      engine.put('networks', 'swp-x-late', label)
      await guard?.[Symbol.asyncDispose]()
      expect(engine.left()).to.deep.equal(others)
    })

    it('does not take an engine that is down for one without services', async () => {
      await start({ silenceSeconds: 0.2, beatMs: 600_000 })
      engine.set('down')
      await new Promise((resolve) => setTimeout(resolve, 800))
      expect(engine.left()).to.have.lengthOf(9)
      engine.unset('down')
      await untilGone()
    })

    it('names what is left with the command that removes it, and goes on by itself', async () => {
      await start({ silenceSeconds: 1, beatMs: 100, cleanLooks: 8 })
      engine.set('down')
      const error = await failure(Promise.resolve(guard?.[Symbol.asyncDispose]()))
      expect(error).to.be.instanceOf(LeftBehindError)
      expect((error as LeftBehindError).leftovers).to.deep.equal([
        {
          host: 'web1',
          what: 'what the engine holds: it does not answer',
          remove: 'swarmproof clean HOSTS --run run-1',
        },
      ])
      guard = undefined
      engine.unset('down')
      await untilGone()
    })

    it('names a network that is in use by somebody', async () => {
      await start({ cleanLooks: 8 })
      engine.put('tasks', 'somebody.1.xyz')
      const error = await failure(Promise.resolve(guard?.[Symbol.asyncDispose]()))
      expect((error as LeftBehindError).leftovers).to.deep.equal([
        { host: 'web1', what: 'network swp-x-clear', remove: 'docker network rm swp-x-clear' },
      ])
      rmSync(join(folder, 'state/tasks/somebody.1.xyz'))
    })

    describe('of a host that is restarted', () => {
      // Of busybox the programs are its own, whatever stands first in PATH: no other boot id can be had there.
      const restartable = shell === '/bin/sh' ? it : it.skip

      restartable('cleans up in the end, and the run is told what happened', async () => {
        await start({ beatMs: 100 })
        await guard?.removesImage(host, 'swarmproof/probe:x')
        const { lost } = guard as Guard
        restartHost()
        if (!lost.aborted) await once(lost, 'abort')
        expect((lost.reason as Error).message)
          .to.contain('the host restarted during the run')
          .and.contain('(on web1)')
        await guard?.[Symbol.asyncDispose]()
        expect(engine.left()).to.deep.equal(others)
        expect(engine.read('images/list')).to.equal('busybox:1\n')
        expect(existsSync(own())).to.equal(false)
      })

      it('cleans up where the restart took the folder away, too', async () => {
        await start({ beatMs: 600_000 })
        await guard?.removesImage(host, 'swarmproof/probe:x')
        restartHost()
        rmSync(join(folder, 'lib'), { recursive: true })
        await guard?.[Symbol.asyncDispose]()
        expect(engine.left()).to.deep.equal(others)
        expect(engine.read('images/list')).to.equal('busybox:1\n')
      })

      restartable('watches over it again where the restart is part of what is verified', async () => {
        const restarted: string[] = []
        await start({ beatMs: 100, restartsExpected: true, onRestart: ({ name }) => restarted.push(name) })
        const { lost } = guard as Guard
        restartHost()
        await eventually({ what: 'it is told', withinMs: 10_000, everyMs: 20 }, async () =>
          restarted.length > 0 ? { ready: true, value: undefined } : { ready: false, seen: 'nothing' },
        )
        expect(restarted).to.deep.equal(['web1'])
        expect(lost.aborted).to.equal(false)
        expect(commandOf(readFileSync(join(own(), 'pid'), 'utf8').trim())).to.contain(own())
      })
    })

    describe('of a run that makes a swarm', () => {
      const mark = '2160h0m0.123456789s'

      it('leaves the swarm that the run made, by the id of its node, and takes docker_gwbridge along', async () => {
        engine.put('networks', 'docker_gwbridge')
        await start()
        await guard?.leavesSwarm(host, [mark], { bridge: true })
        engine.set('node', 'node-of-ours\n')
        await guard?.leavesSwarm(host, ['node-of-ours'])
        await guard?.joinedSwarm(host)
        await guard?.[Symbol.asyncDispose]()
        expect(engine.read('inactive')).to.equal('')
        // The services of a swarm go with it.
        expect(engine.left()).to.deep.equal(others.filter((name) => !name.startsWith('services/')))
      })

      it('knows it by the validity of its certificates where the run died before it knew the id', async () => {
        engine.put('networks', 'docker_gwbridge')
        await start({ silenceSeconds: 1, lapseSeconds: 600, beatMs: 600_000 })
        await guard?.leavesSwarm(host, [mark], { bridge: true })
        engine.set('expiry', `${mark}\n`)
        await untilGone()
        expect(engine.read('inactive')).to.equal('')
      })

      it('knows on a node that joined it the manager that it was joined by', async () => {
        engine.set('manager', 'false\n')
        for (const name of engine.left().filter((one) => /^(services|tasks)/.test(one))) engine.unset(name)
        await start()
        await guard?.leavesSwarm(host, ['manager-of-ours', '192.0.2.1:2377'])
        engine.set('expiry', '\n')
        engine.set('remotes', 'another\nmanager-of-ours\n')
        await guard?.[Symbol.asyncDispose]()
        expect(engine.read('inactive')).to.equal('')
      })

      it('never leaves a swarm that somebody else made of the host meanwhile, nor takes its bridge', async () => {
        engine.put('networks', 'docker_gwbridge')
        await start()
        await guard?.leavesSwarm(host, [mark, 'node-of-ours', '192.0.2.1:2377'], { bridge: true })
        await guard?.joinedSwarm(host)
        await guard?.[Symbol.asyncDispose]()
        expect(engine.read('inactive')).to.equal(undefined)
        expect(engine.read('asked')).to.not.contain('swarm leave')
        expect(engine.left()).to.have.members([...others, 'networks/docker_gwbridge'])
      })

      it('leaves the bridge of a host that was never in it', async () => {
        for (const name of engine.left()) engine.unset(name)
        engine.put('networks', 'docker_gwbridge')
        engine.set('inactive')
        await start()
        await guard?.leavesSwarm(host, [mark], { bridge: true })
        await guard?.[Symbol.asyncDispose]()
        expect(engine.left()).to.deep.equal(['networks/docker_gwbridge'])
      })

      it('lets it stay when that was asked for', async () => {
        await start()
        await guard?.leavesSwarm(host, [mark, 'node-of-theirs'], { bridge: true })
        await guard?.joinedSwarm(host)
        await guard?.staysInSwarm(host)
        await guard?.[Symbol.asyncDispose]()
        expect(engine.read('inactive')).to.equal(undefined)
        expect(engine.left()).to.deep.equal(others)
      })
    })

    describe('that cannot start', () => {
      /** Everything a host of this test needs, but for setsid. */
      const withoutSetsid = (): string => {
        const poor = join(folder, 'poor')
        mkdirSync(poor)
        for (const tool of 'cat mkdir mkfifo rm rmdir sleep env wc grep tr sed sort printf cut timeout'.split(
          ' ',
        ))
          symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(poor, tool))
        return `${engine.path}:${poor}`
      }

      // A busybox has setsid in any case.
      const poorable = shell === '/bin/sh' ? it : it.skip

      poorable('leaves nothing on its host, and takes the guards of the others away', async () => {
        const good = join(folder, 'good')
        mkdirSync(good)
        const other = fakeEngine(good, shell)
        const slow = hostWith(`${other.path}:${process.env.PATH}`, 'slow')
        // It comes up when the poor one has failed already. Two hosts here have two roots by a link of each one's own.
        const exec: Host['remote']['exec'] = async (script, options) => {
          await new Promise((resolve) => setTimeout(resolve, 300))
          return slow.remote.exec(
            sh`exec sh -c ${script.text.replaceAll(`${folder}/lib`, `${good}/lib`)}`,
            options,
          )
        }
        const error = await failure(
          startGuard([{ ...slow, remote: { ...slow.remote, exec } }, hostWith(withoutSetsid(), 'poor')], {
            runId: 'run-1',
            prefix: 'swp-x',
            root: join(folder, 'lib'),
            systemdFolder: join(folder, 'no-systemd'),
            tickSeconds: 0.1,
          }),
        )
        expect(error.message).to.contain('no setsid').and.contain('(on poor)')
        expect(existsSync(join(folder, 'lib')), 'of the poor one').to.equal(false)
        expect(existsSync(join(good, 'lib')), 'of the slow one').to.equal(false)
        expect(other.read('asked'), 'the slow one had been started').to.contain('service ls')
      })

      it('leaves a folder alone that is there already', async () => {
        mkdirSync(own(), { recursive: true })
        writeFileSync(join(own(), 'made'), 'image x\n')
        const error = await failure(start())
        expect(error.message).to.contain('is there already')
        expect(readdirSync(own())).to.deep.equal(['made'])
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
        const systemd = join(folder, 'systemd')
        mkdirSync(systemd)
        engine.program('systemd-run', standIn)
        engine.program('systemctl', '#!/bin/sh\necho "$*" >>STATE/stopped\n')
        await start({ systemdFolder: systemd })
        expect(engine.read('units')).to.contain('--quiet --collect --unit=swarmproof-run-1 ')
        expect(engine.read('units')).to.contain(`--setenv=PATH=${engine.path}:`)
        await guard?.[Symbol.asyncDispose]()
        expect(engine.left()).to.deep.equal(others)
        expect(engine.read('stopped')).to.equal('stop swarmproof-run-1\n')
      })

      it('is started by setsid where systemd refuses', async () => {
        const systemd = join(folder, 'systemd')
        mkdirSync(systemd)
        engine.program('systemd-run', standIn)
        engine.program('systemctl', '#!/bin/sh\nexit 1\n')
        engine.set('refuses')
        await start({ systemdFolder: systemd, silenceSeconds: 0.5, lapseSeconds: 600, beatMs: 600_000 })
        await untilGone()
      })
    })
  })
}
