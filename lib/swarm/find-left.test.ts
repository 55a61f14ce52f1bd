import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { reversibly } from '../change/reversibly.ts'
import type { Host } from '../host/host.ts'
import { sh } from '../script.ts'
import { type FindPlaces, type FoundLeft, findLeft, readFound } from './find-left.ts'
import { type FakeEngine, fakeEngine } from './guard.fake.ts'
import { type Guard, startGuard } from './guard.ts'
import type { Leftover } from './leftovers.ts'
import { removeLeft, stillThere } from './remove-left.ts'

const run = '20260102T030405Z-aaaa'
const other = '20260102T030406Z-bbbb'

const shells = ['/bin/sh', '/bin/busybox'].filter((shell) => existsSync(shell))

for (const shell of shells) {
  describe(`what a dead run left on a host, by ${shell}`, function () {
    this.timeout(30_000)
    let folder: string
    let engine: FakeEngine
    let host: Host
    let guard: Guard | undefined
    let where: FindPlaces & { root: string; systemdFolder: string }

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'swp-left-'))
      engine = fakeEngine(folder, shell)
      const words = shell === '/bin/busybox' ? [shell, 'sh', '-c'] : [shell, '-c']
      host = nativeHost('web1', ['/usr/bin/env', `PATH=${engine.path}:${process.env['PATH']}`, ...words])
      for (const name of ['tmp', 'run']) mkdirSync(join(folder, name))
      where = {
        root: join(folder, 'lib'),
        changes: join(folder, 'run'),
        places: [join(folder, 'tmp')],
        beatWithinSeconds: 3,
        systemdFolder: join(folder, 'no-systemd'),
      }
      for (const [id, prefix] of [
        [run, 'swp-abcd'],
        [other, 'swp-efgh'],
      ]) {
        engine.put('services', `${prefix}-web`, `swarmproof=${id}`)
        engine.put('tasks', `${prefix}-web.1.abc`)
        engine.put('networks', `${prefix}-clear`, `swarmproof=${id}`)
        engine.put('containers', `${prefix}-alone`, `swarmproof=${id}`)
      }
      engine.put('services', 'shop', '')
      engine.put('networks', 'of-a-lab', 'swarmproof=lab')
      engine.put('containers', 'shop-db', 'swarmproofing=yes')
      engine.put('services', 'swp-web', 'swarmproof=20250102T030405Z-1ab0')
      engine.set('images/list', 'busybox:1\nswarmproof/probe:swp-abcd\n')
    })

    afterEach(async () => {
      await Promise.resolve(guard?.[Symbol.asyncDispose]()).catch(() => undefined)
      guard = undefined
      rmSync(folder, { recursive: true, force: true })
    })

    const guarded = async (id: string, beatMs: number): Promise<Guard> =>
      (guard = await startGuard([host], {
        ...{ runId: id, prefix: 'swp-abcd', beatMs, tickSeconds: 0.1, root: where.root },
        systemdFolder: where.systemdFolder,
      }))

    const remove = (left: FoundLeft, ...runs: string[]): Promise<Leftover[]> =>
      removeLeft(host, {
        ...where,
        ...{ runs: new Set(runs), found: left.found, tickSeconds: 0.1, again: 'swarmproof clean web1' },
      })

    const untouched = ['services/shop', 'services/swp-web', 'networks/of-a-lab', 'containers/shop-db']

    it('is found by its label and goes, and nothing else does', async () => {
      const left = await findLeft(host, where)
      expect(left.living.size).to.equal(0)
      expect(left.found.map((one) => `${one.run} ${one.kind} ${one.name}`)).to.have.members([
        `${run} service swp-abcd-web`,
        `${run} network swp-abcd-clear`,
        `${run} container swp-abcd-alone`,
        `${other} service swp-efgh-web`,
        `${other} network swp-efgh-clear`,
        `${other} container swp-efgh-alone`,
      ])
      engine.unset('tasks/swp-efgh-web.1.abc')
      expect(await remove(left, run)).to.deep.equal([])
      expect(engine.left()).to.have.members([
        ...untouched,
        ...['services/swp-efgh-web', 'networks/swp-efgh-clear', 'containers/swp-efgh-alone'],
      ])
      expect(await stillThere(host, { ...where, runs: new Set([run]), found: [], again: '' })).to.deep.equal(
        [],
      )
      expect(engine.read('strange')).to.equal(undefined)
    })

    it('is nothing of a lab that was built by a run with the same id', async () => {
      engine.put('services', 'swp-rr', `swarmproof=${run}`)
      engine.put('networks', 'swp-shop_default', `swarmproof=${run}`)
      engine.put('containers', 'swp-mode-alone', `swarmproof=${run}`)
      engine.put('containers', 'lab-m1', `swarmproof=${run}\nswarmproof.part=host`)
      engine.put('containers', 'quirky_bohr', `swarmproof=${run}`)
      const ofLab = [
        ...['services/swp-rr', 'networks/swp-shop_default'],
        ...['containers/swp-mode-alone', 'containers/lab-m1'],
      ]
      const left = await findLeft(host, where)
      expect(left.found.filter((one) => one.run === run).map(({ name }) => name)).to.have.members([
        ...['swp-abcd-web', 'swp-abcd-clear', 'swp-abcd-alone', 'quirky_bohr'],
      ])
      expect(await remove(left, run)).to.deep.equal([])
      expect(engine.left().filter((name) => /abcd|quirky/.test(name))).to.deep.equal([])
      expect(engine.left()).to.include.members(ofLab)
      engine.put('services', 'swp-abcd-web', `swarmproof=${run}`)
      await remove({ ...left, found: [] }, run)
      expect(
        engine.left().filter((name) => /abcd/.test(name)),
        'without any prefix known',
      ).to.deep.equal([])
      expect(engine.left()).to.include.members(ofLab)
    })

    it('is also what only its folder knows of: an image, a folder of tools, a swarm', async () => {
      await guarded(run, 600_000)
      await guard?.removesImage(host, 'swarmproof/probe:swp-abcd', ['sha256:abc'])
      engine.set('images/nameless', 'sha256:abc\nsha256:theirs\n')
      await guard?.leavesSwarm(host, ['2160h0m0.123456789s'])
      process.kill(-Number(readFileSync(join(where.root, run, 'pid'), 'utf8')), 'SIGKILL')
      engine.set('expiry', '2160h0m0.123456789s\n')
      const tools = join(folder, 'tmp', `swarmproof-${run}`)
      mkdirSync(tools)
      mkdirSync(join(folder, 'tmp', 'swarmproof-of-somebody'))
      const left = await findLeft(host, where)
      expect([...left.living]).to.deep.equal([])
      expect(left.found.map(({ kind, name }) => `${kind} ${name}`)).to.include.members([
        ...[`guard ${where.root}/${run}`, 'image swarmproof/probe:swp-abcd', `folder ${tools}`],
        ...['image sha256:abc', 'swarm node-of-theirs'],
      ])
      expect(await remove(left, run, other)).to.deep.equal([])
      expect(engine.read('images/list')).to.equal('busybox:1\n')
      expect(engine.read('images/nameless')).to.equal('sha256:theirs\n')
      expect(engine.read('inactive')).to.equal('')
      expect(readdirSync(join(folder, 'tmp'))).to.deep.equal(['swarmproof-of-somebody'])
      expect(existsSync(where.root)).to.equal(false)
      expect(engine.left()).to.have.members(untouched.filter((name) => !name.startsWith('services/')))
    })

    it('is told from what a run has whose owner lives', async () => {
      await guarded(run, 200)
      const left = await findLeft(host, where)
      expect([...left.living]).to.deep.equal([run])
      expect(engine.left()).to.have.lengthOf(12)
    })

    it('is not what a run has that is just being started, before its guard has written its process id', async () => {
      mkdirSync(join(where.root, run), { recursive: true })
      writeFileSync(join(where.root, run, 'program'), '')
      expect([...(await findLeft(host, where)).living]).to.deep.equal([run])
      for (const seconds of [-61, 61]) {
        const when = Date.now() / 1000 + seconds
        utimesSync(join(where.root, run), when, when)
        expect([...(await findLeft(host, where)).living], `${seconds} s`).to.deep.equal([])
      }
    })

    it('is that of an owner, too, from which nothing is heard, before its guard takes it for dead', async () => {
      await guarded(run, 600_000)
      const left = await findLeft(host, where)
      expect([...left.living]).to.deep.equal([])
      expect(await remove(left, run)).to.deep.equal([])
      expect(engine.left().filter((name) => name.includes('swp-abcd'))).to.deep.equal([])
      expect(existsSync(join(where.root, run))).to.equal(false)
    })

    it('is also a change that is in force, which is undone', async () => {
      const state = join(folder, 'state', 'firewall')
      await reversibly(host, {
        ...{ name: 'partition', run, deadManSeconds: 600, root: join(folder, 'run') },
        systemdFolder: where.systemdFolder,
        do: sh`echo cut >${state}; echo kept >"$change/kept"`,
        undo: sh`cat "$change/kept" >${state}`,
      })
      const left = await findLeft(host, where)
      expect(left.found.map(({ kind, name }) => `${kind} ${name}`)).to.include(
        'change swarmproof-change-partition',
      )
      expect(await remove(left, run)).to.deep.equal([])
      expect(readFileSync(state, 'utf8')).to.equal('kept\n')
      expect(readdirSync(join(folder, 'run'))).to.deep.equal([])
    })

    // A busybox reads /proc/mounts with a sed of its own.
    const withMounts = shell === '/bin/sh' ? it : it.skip
    withMounts('is also what goes on counting in the kernel', async () => {
      const instances = join(folder, 'state', 'tracing', 'instances')
      for (const name of [`swarmproof-${run}`, `swarmproof-${other}`, 'of-somebody'])
        mkdirSync(join(instances, name), { recursive: true })
      const left = await findLeft(host, where)
      const traces = left.found.filter(({ kind }) => kind === 'trace')
      expect(traces.map((one) => `${one.run} ${one.id}`)).to.have.members(
        [run, other].map((id) => `${id} ${join(instances, `swarmproof-${id}`)}`),
      )
      expect(await remove(left, run)).to.deep.equal([])
      expect(readdirSync(instances)).to.have.members(['of-somebody', `swarmproof-${other}`])
    })

    it('is named with what to do where it cannot be removed', async () => {
      engine.put('tasks', 'somebody.1.xyz')
      const left = await findLeft(host, where)
      const tried = await removeLeft(host, {
        ...where,
        ...{
          runs: new Set([run]),
          found: left.found,
          tickSeconds: 0.1,
          looks: 10,
          again: 'swarmproof clean web1',
        },
      })
      expect(tried).to.deep.equal([
        { host: 'web1', what: 'network swp-abcd-clear', remove: 'docker network rm swp-abcd-clear' },
      ])
    })

    it('cannot be told where the engine does not answer', async () => {
      engine.set('down')
      const error: unknown = await findLeft(host, where).catch((thrown: unknown) => thrown)
      expect((error as Error).message)
        .to.contain('cannot be listed')
        .and.contain('(on web1)')
    })

    it('is found with a client that prints a warning on standard error at every call', async () => {
      const quiet = await findLeft(host, where)
      engine.set('warns')
      expect(await findLeft(host, where)).to.deep.equal(quiet)
    })

    it('is nothing that a label with line breaks says, which an image may bring', async () => {
      const [evil, theirs] = [join(folder, 'tmp', 'evil'), join(folder, 'tmp', 'theirs')]
      for (const path of [evil, theirs, join(folder, 'tmp', 'swarmproof-x')]) mkdirSync(path)
      writeFileSync(join(evil, 'undo'), `: >${folder}/ran`)
      const change = join(folder, 'tmp', 'swarmproof-change-x')
      mkdirSync(change)
      writeFileSync(join(change, 'undo'), `: >${folder}/ran`)
      for (const [kind, name] of [
        ['containers', 'shop-cache'],
        ['services', 'shop-cart'],
        ['networks', 'shop-net'],
      ] as const) {
        const forged = [
          `change ${run} ${evil} evil`,
          `change ${run} ${change} swarmproof-change-x`,
          `folder ${run} ${folder}/tmp/swarmproof-x/../theirs theirs`,
          `folder ${run} ${folder}/tmp/swarmproof-x x`,
          `alive ${run}`,
        ]
        engine.put(kind, name, ['swarmproof=x', ...forged, 'x'].join('\n'))
      }
      const left = await findLeft(host, where)
      expect([...left.living]).to.deep.equal([])
      expect(left.found.filter(({ kind }) => kind === 'change' || kind === 'folder')).to.deep.equal([])
      await remove(left, run, other)
      expect(existsSync(join(folder, 'ran'))).to.equal(false)
      expect(readdirSync(join(folder, 'tmp')).sort()).to.deep.equal(
        ['evil', 'swarmproof-change-x', 'swarmproof-x', 'theirs'].sort(),
      )
    })

    it('is none of a folder that is a link, or whose name bears no id of a run', async () => {
      writeFileSync(join(folder, 'tmp', `swarmproof-${run}`), 'a file')
      mkdirSync(join(where.root, 'notes'), { recursive: true })
      const { found } = await findLeft(host, where)
      expect(found.filter(({ kind }) => kind === 'folder' || kind === 'guard')).to.deep.equal([])
    })
  })
}

describe('lines of what was found', () => {
  it('are taken only in the shape of ours', () => {
    const { found, living } = readFound(
      [
        `service ${run} abc swp-abcd-web`,
        `service ${run} abc swp-web`,
        `service lab abc swp-abcd-web`,
        `service ${run} abc`,
        `service ${run} abc swp-abcd-we b`,
        `secret ${run} abc swp-abcd-web`,
        `change ${run} /run/swarmproof-change-x;id x`,
        `change ${run} /proc/4711/root/evil evil`,
        `change ${run} /run/../tmp/swarmproof-change-x x`,
        `folder ${run} /var/tmp/swarmproof-${other} x`,
        `folder ${run} /var/tmp/swarmproof-${run}/../../../etc x`,
        `folder ${run} /etc x`,
        `trace ${run} /sys/kernel/tracing/instances/swarmproof-${other} x`,
        `trace ${run} /sys/kernel/tracing/instances/../swarmproof-${run} x`,
        `alive ${other}`,
        'alive $(id)',
      ].join('\n'),
      'web1',
    )
    expect(found).to.deep.equal([{ host: 'web1', run, kind: 'service', id: 'abc', name: 'swp-abcd-web' }])
    expect([...living]).to.deep.equal([other])
  })
})
