import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { type Guard } from './guard.ts'
import { commandOf, describeGuards, failure, label, lineHolder, others } from './guarded.fake.ts'
import { LeftBehindError } from './leftovers.ts'

describeGuards('a guard', (on, shell) => {
  // A busybox reads /proc/mounts with a sed of its own.
  const withMounts = shell === '/bin/sh' ? it : it.skip

  it('removes what the run created and nothing else when it is disposed, and is gone', async () => {
    await on().start()
    await on().guard?.removesImage(on().host, 'swarmproof/probe:x')
    const tools = join(on().folder, 'swarmproof-run-1')
    await on().guard?.removesFolder(on().host, tools)
    mkdirSync(tools)
    writeFileSync(join(tools, 'nsenter'), '')
    const pid = readFileSync(join(on().own, 'pid'), 'utf8').trim()
    expect(commandOf(pid)).to.contain(on().own)
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(others)
    expect(on().engine.read('images/list')).to.equal('busybox:1\n')
    expect(existsSync(join(on().folder, 'lib')), 'its folder and the empty one above').to.equal(false)
    expect(existsSync(tools), 'a folder outside its own').to.equal(false)
    expect(commandOf(pid), 'what is left of its process').to.equal('')
    expect(on().engine.read('strange')).to.equal(undefined)
  })

  withMounts('ends what counts in the kernel for the run, and for no other', async () => {
    const instances = join(on().folder, 'state', 'tracing', 'instances')
    for (const run of ['run-1', 'run-2']) mkdirSync(join(instances, `swarmproof-${run}`), { recursive: true })
    const guard = await on().start()
    await guard[Symbol.asyncDispose]()
    expect(readdirSync(instances)).to.deep.equal(['swarmproof-run-2'])
  })

  withMounts('names what counts and cannot be removed', async () => {
    const instance = join(on().folder, 'state', 'tracing', 'instances', 'swarmproof-run-1')
    mkdirSync(join(instance, 'in-use'), { recursive: true })
    const guard = await on().start({ cleanLooks: 30 })
    const error = await failure(Promise.resolve(guard[Symbol.asyncDispose]()))
    expect(error).to.be.instanceOf(LeftBehindError)
    expect((error as LeftBehindError).leftovers).to.deep.equal([
      { host: 'web1', what: `trace ${instance}`, remove: `rmdir ${instance}` },
    ])
  })

  it('removes an image whose name alone could be removed while the disk was full', async () => {
    on().engine.wrap(
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
    await on().start()
    await on().guard?.removesImage(on().host, 'swarmproof/probe:x', ['sha256:abc', 'sha256:def'])
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.read('images/nameless')).to.equal('')
    expect(on().engine.read('images/list')).to.equal('busybox:1\n')
    expect(existsSync(on().own)).to.equal(false)
    expect(on().engine.read('strange')).to.equal(undefined)
  })

  it('is not misled by a client that prints a warning on standard error at every call', async () => {
    on().engine.set('warns')
    await on().start({ cleanLooks: 40 })
    await on().guard?.removesImage(on().host, 'swarmproof/probe:x')
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(others)
    expect(on().engine.read('images/list')).to.equal('busybox:1\n')
    expect(on().engine.read('asked')).to.not.contain('WARNING')
    expect(existsSync(on().own)).to.equal(false)
  })

  it('cleans up by itself with such a client, too', async () => {
    on().engine.set('warns')
    await on().start({ silenceSeconds: 1, lapseSeconds: 600, beatMs: 600_000 })
    await on().untilGone()
  })

  it('cleans up soon after the process that held the line was killed', async () => {
    await on().start({ silenceSeconds: 600, lapseSeconds: 1, beatMs: 600_000 })
    expect(on().guard?.lost.aborted).to.equal(false)
    process.kill(await lineHolder(on().own), 'SIGKILL')
    await on().untilGone()
  })

  it('hears over the line that it holds, without a call for each beat', async () => {
    await on().start({ beatMs: 50 })
    const beat = (): number => Number(readFileSync(join(on().own, 'beat'), 'utf8'))
    await eventually({ what: 'it beats', withinMs: 10_000, everyMs: 20 }, async () =>
      beat() > 3 ? { ready: true, value: undefined } : { ready: false, seen: `${beat()}` },
    )
    const { calls } = on()
    const before = beat()
    await eventually({ what: 'it goes on', withinMs: 10_000, everyMs: 20 }, async () =>
      beat() > before + 5 ? { ready: true, value: undefined } : { ready: false, seen: `${beat()}` },
    )
    expect(on().calls).to.equal(calls)
  })

  it('goes on by calls where the line is lost, and holds it again', async () => {
    await on().start({ beatMs: 50 })
    const first = await lineHolder(on().own)
    process.kill(first, 'SIGKILL')
    await lineHolder(on().own, first)
    expect(on().guard?.lost.aborted).to.equal(false)
    expect(existsSync(join(on().own, 'watch'))).to.equal(true)
  })

  it('cleans up when nothing is heard though the line is held', async () => {
    await on().start({ silenceSeconds: 1, lapseSeconds: 600, beatMs: 600_000 })
    await on().untilGone()
  })

  it('lets a connection come back, and goes on', async () => {
    await on().start({ silenceSeconds: 3, lapseSeconds: 2, beatMs: 100 })
    for (let round = 0; round < 2; round += 1) {
      spawn('/bin/sh', ['-c', `exec 3>${on().own}/line`])
      await new Promise((resolve) => setTimeout(resolve, 800))
    }
    expect(existsSync(join(on().own, 'watch'))).to.equal(true)
    expect(on().engine.left()).to.have.lengthOf(9)
  })

  it('tells a run that lives after all that its stack is gone', async () => {
    await on().start({ silenceSeconds: 1, lapseSeconds: 600, beatMs: 3_000 })
    const { lost } = on().guard as Guard
    await on().untilGone()
    if (!lost.aborted) await once(lost, 'abort')
    expect((lost.reason as Error).message)
      .to.contain('assumed it dead')
      .and.contain('(on web1)')
  })

  it('removes also what the run created after a host had taken it for dead', async () => {
    await on().start({ silenceSeconds: 1, lapseSeconds: 600, beatMs: 600_000 })
    await on().untilGone()
    on().engine.put('services', 'swp-x-late', label)
    on().engine.put('networks', 'swp-x-late', label)
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(others)
  })

  it('does not take an engine that is down for one without services', async () => {
    await on().start({ silenceSeconds: 2, beatMs: 600_000 })
    on().engine.set('down')
    await new Promise((resolve) => setTimeout(resolve, 3500))
    expect(on().engine.left()).to.have.lengthOf(9)
    on().engine.unset('down')
    await on().untilGone()
  })

  it('names what is left with the command that removes it, and goes on by itself', async () => {
    await on().start({ silenceSeconds: 1, beatMs: 100, cleanLooks: 8 })
    on().engine.set('down')
    const error = await failure(Promise.resolve(on().guard?.[Symbol.asyncDispose]()))
    expect(error).to.be.instanceOf(LeftBehindError)
    expect((error as LeftBehindError).leftovers).to.deep.equal([
      {
        host: 'web1',
        what: 'what the engine holds: it does not answer',
        remove: 'swarmproof clean HOSTS --run run-1',
      },
    ])
    on().guard = undefined
    on().engine.unset('down')
    await on().untilGone()
  })

  const askedFor = (words: string): number =>
    (on().engine.read('asked') ?? '').split('\n').filter((line) => line.startsWith(words)).length

  it('removes all services with one call, and waits for the end of their tasks without asking again', async () => {
    await on().start()
    on().engine.set('ending', '3')
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(others)
    expect(askedFor('service rm swp-x-')).to.equal(1)
    expect(askedFor('events ')).to.equal(1)
    // One look finds the tasks, one removes the network after them, one finds nothing.
    expect(askedFor('ps -a --filter name=')).to.equal(3)
  })

  it('asks again and again where the engine tells no events', async () => {
    on().engine.wrap('docker', '#!/bin/sh\n[ "$1" != events ] || exit 1\nexec STATE/docker "$@"\n')
    await on().start()
    on().engine.set('ending', '2')
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(others)
    expect(askedFor('ps -a --filter name=')).to.be.above(3)
  })

  it('waits no longer than it has patience for a task that does not end', async () => {
    await on().start({ cleanLooks: 5 })
    on().engine.set('ending', '25')
    const error = await failure(Promise.resolve(on().guard?.[Symbol.asyncDispose]()))
    expect((error as LeftBehindError).leftovers.map(({ what }) => what)).to.deep.equal([
      'task swp-x-rr.1.abc',
      'task swp-x-web.1.abc',
    ])
    expect(askedFor('events ')).to.equal(1)
  })

  it('names a network that is in use by somebody', async () => {
    await on().start({ cleanLooks: 8 })
    on().engine.put('tasks', 'somebody.1.xyz')
    const error = await failure(Promise.resolve(on().guard?.[Symbol.asyncDispose]()))
    expect((error as LeftBehindError).leftovers).to.deep.equal([
      { host: 'web1', what: 'network swp-x-clear', remove: 'docker network rm swp-x-clear' },
    ])
    rmSync(join(on().folder, 'state/tasks/somebody.1.xyz'))
  })
})
