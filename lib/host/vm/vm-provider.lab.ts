import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readdir, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { SwarmproofError } from '../../error.ts'
import { labImage } from '../../loaded-image.ts'
import type { Progress } from '../../progress.ts'
import { processesUsing } from '../../setup/process-identity.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import { type Script, scriptLines, sh } from '../../script.ts'
import type { Lab } from '../host.ts'
import { clean } from './clean.ts'
import { listLabs } from './lab-directory.ts'
import { standingDirectory } from './standing-lab.ts'
import { VmProvider } from './vm-provider.ts'

const node = (name: string, role: NodeSpec['role'], last: number): NodeSpec => ({
  name,
  role,
  memoryMib: 1024,
  cpus: 1,
  addresses: { underlay: `192.168.56.${last}` },
})

const topology: Topology = {
  name: 'provider-test',
  description: 'Three machines for the tests of the provider',
  nodes: [node('manager', 'manager', 11), node('worker1', 'worker', 12), node('worker2', 'worker', 13)],
  underlays: [{ name: 'underlay', subnet: '192.168.56.0/24', mtuBytes: 1400 }],
  swarm: { advertise: 'underlay', dataPath: 'underlay', dataPathPort: 4789 },
  stack: {
    clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
    secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
    publishedPort: 8080,
  },
}

/** Real machines. Image and template are the cache's own; running labs get a folder of the test's. */
describe('the provider of virtual machines', () => {
  const stackRecipe = `provider test ${process.pid}`
  const notes: string[] = []
  const quiet = { update: () => undefined, done: () => undefined, failed: () => undefined }
  const progress: Progress = { begin: () => quiet, note: (text) => void notes.push(text) }
  const formerState = process.env['SWARMPROOF_STATE']
  let state = ''
  let lab: Lab | undefined

  const start = (fresh: boolean, signal = new AbortController().signal): Promise<Lab> =>
    new VmProvider().start(topology, { progress, signal, stackRecipe, fresh })
  const everywhere = async (running: Lab, command: Script): Promise<string[]> => {
    const results = await Promise.all(
      running.hosts.map(({ remote }) => remote.exec(command, { timeoutMs: 60_000 })),
    )
    return results.map(({ stdout, stderr, exitCode }) =>
      exitCode === 0 ? stdout.trim() : `exit ${exitCode}: ${stderr}`,
    )
  }
  const end = async (): Promise<void> => {
    await lab?.[Symbol.asyncDispose]()
    lab = undefined
    expectNothingLeft(state)
  }

  before(() => {
    state = mkdtempSync(join(tmpdir(), 'swarmproof-vm-'))
    process.env['SWARMPROOF_STATE'] = state
  })

  after(async () => {
    await lab?.snapshots?.drop(stackRecipe)
    await lab?.[Symbol.asyncDispose]()
    await clean({ all: true, cache: false })
    rmSync(state, { recursive: true, force: true })
    if (formerState === undefined) delete process.env['SWARMPROOF_STATE']
    else process.env['SWARMPROOF_STATE'] = formerState
  })

  it('gives clones of one template identities of their own', async () => {
    lab = await start(true)
    expect(lab.startedFrom).to.equal('template')
    for (const command of [
      sh`cat /etc/machine-id`,
      sh`hostname`,
      sh`cut -d" " -f2 /etc/ssh/ssh_host_ed25519_key.pub`,
      sh`cat /sys/class/net/eth0/address`,
      sh`cat /sys/class/net/eth1/address`,
      sh`od -An -N16 -tx1 /dev/urandom`,
    ]) {
      const answers = await everywhere(lab, command)
      expect(new Set(answers), command.text).to.have.lengthOf(3)
    }
    expect(await everywhere(lab, sh`hostname`)).to.deep.equal(['manager', 'worker1', 'worker2'])
    await expectClocksRight(lab, everywhere)
  })

  it('has emulated ones start containers by a sealed runc, and their engine alone sleep longer', async function () {
    if (lab === undefined) expect.fail('no lab')
    const [commandLine] = await everywhere(lab, sh`cat /proc/cmdline`)
    if (!commandLine?.includes('swarmproof.sealed')) return this.skip()
    expect(await everywhere(lab, sh`readlink -f "$(command -v runc)"`)).to.deep.equal(
      Array(3).fill('/memfd:sealed (deleted)'),
    )
    for (const version of await everywhere(lab, sh`runc --version`)) expect(version).to.match(/^runc version/)
    const slack = sh`cat "/proc/$(pgrep -o -x dockerd)/timerslack_ns" /proc/self/timerslack_ns`
    expect(await everywhere(lab, slack)).to.deep.equal(Array(3).fill('10000000\n50000'))
  })

  it('connects them by the underlay, with its addresses and its MTU', async () => {
    if (lab === undefined) expect.fail('no lab')
    expect(await everywhere(lab, sh`cat /sys/class/net/eth1/mtu`)).to.deep.equal(['1400', '1400', '1400'])
    const pings = topology.nodes.map(
      ({ addresses }) => sh`ping -qc1 -W5 ${addresses['underlay'] ?? ''} > /dev/null`,
    )
    expect(await everywhere(lab, scriptLines([sh`set -e`, ...pings, sh`echo all`]))).to.deep.equal([
      'all',
      'all',
      'all',
    ])
    const tooBig = sh`ping -qc1 -W2 -M do -s 1373 worker2 > /dev/null 2>&1 || echo refused`
    expect((await everywhere(lab, tooBig))[0]).to.equal('refused')
  })

  it('has an engine with the probe image on each', async () => {
    if (lab === undefined) expect.fail('no lab')
    const images = await everywhere(lab, sh`docker image ls --format '{{.Repository}}:{{.Tag}}'`)
    expect(images).to.deep.equal(Array.from({ length: 3 }, () => labImage))
  })

  it('is let in again after a guest was reset, with everything back', async () => {
    const [first] = lab?.hosts ?? []
    if (first === undefined) expect.fail('no lab')
    const who = sh`hostname; cat /etc/machine-id; ip -4 -o address show eth1 | cut -d" " -f7`
    const boot = sh`cat /proc/sys/kernel/random/boot_id`
    const [before, firstBoot] = [await first.remote.exec(who), await first.remote.exec(boot)]
    await first.remote.exec(sh`reboot -f`, { timeoutMs: 5_000 }).catch(() => undefined)
    const again = { idempotent: true, timeoutMs: 150_000 }
    expect((await first.remote.exec(sh`hostname`, again)).stdout).to.equal('manager\n')
    expect((await first.remote.exec(boot, again)).stdout).not.to.equal(firstBoot.stdout)
    expect((await first.remote.exec(who, again)).stdout).to.equal(before.stdout)
    const engine = sh`until docker info > /dev/null 2>&1; do sleep 0.5; done; docker image ls -q | wc -l`
    expect((await first.remote.exec(engine, again)).stdout).to.equal('1\n')
    if (lab !== undefined) await expectClocksRight(lab, everywhere)
  })

  it('keeps no private key outside a folder of the owner', async () => {
    if (lab === undefined) expect.fail('no lab')
    const directory = join(state, 'labs', lab.id)
    expect((await stat(directory)).mode & 0o777).to.equal(0o700)
    for (const name of (await readdir(directory)).filter((file) => /_key$/.test(file))) {
      expect((await stat(join(directory, name))).mode & 0o777, name).to.equal(0o600)
    }
  })

  afterEach(async function () {
    // One failure must not make all that follow fail, too.
    if (this.currentTest?.state !== 'failed') return
    await lab?.[Symbol.asyncDispose]()
    lab = undefined
    await clean({ all: true, cache: false })
  })

  it('saves the lab whole, and the lab runs on with the right time', async () => {
    if (lab === undefined) expect.fail('no lab')
    await everywhere(lab, sh`echo saved > /root/mark; sync`)
    await lab.snapshots?.save(stackRecipe, { from: 'the test' })
    expect(await everywhere(lab, sh`ping -qc1 -W5 manager > /dev/null && cat /root/mark`)).to.deep.equal(
      Array.from({ length: 3 }, () => 'saved'),
    )
    await expectClocksRight(lab, everywhere)
    await everywhere(lab, sh`echo later > /root/later; sync`)
    await end()
  })

  it('resumes the saved lab as it was, again and again', async () => {
    for (const round of [1, 2]) {
      lab = await start(false)
      expect(lab.startedFrom, `round ${round}`).to.equal('standing-lab')
      expect(lab.standing?.notes).to.deep.equal({ from: 'the test' })
      const found = await everywhere(lab, sh`cat /root/mark; ls /root`)
      for (const text of found) {
        expect(text).to.equal('saved\nmark')
      }
      await expectClocksRight(lab, everywhere)
      await everywhere(lab, sh`echo later > /root/later; sync`)
      await end()
    }
  })

  it('saves a resumed lab again, standing on nothing that is replaced', async () => {
    lab = await start(false)
    await everywhere(lab, sh`echo again >> /root/mark; sync`)
    await lab.snapshots?.save(stackRecipe, 'second')
    await end()
    lab = await start(false)
    expect(lab.standing?.notes).to.equal('second')
    expect((await everywhere(lab, sh`cat /root/mark`))[0]).to.equal('saved\nagain')
    await end()
  })

  it('rebuilds what was damaged, and says so', async () => {
    notes.length = 0
    await damage()
    lab = await start(false)
    expect(lab.startedFrom).to.equal('template')
    expect(notes.join('\n')).to.match(/the saved lab is not used: manager\.memory is not whole/)
    await end()
  })

  it('leaves nothing behind when it is interrupted half way', async () => {
    const controller = new AbortController()
    const starting = start(true, controller.signal)
    setTimeout(() => controller.abort(new Error('interrupted by the test')), 2500)
    const error = await starting.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(Error).with.property('message').that.includes('interrupted')
    expectNothingLeft(state)
  })

  it('cleans up after an owner that was killed', async () => {
    const owner = startOwner()
    await once(owner.stdout ?? owner, 'data')
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    expect(processesUsing(state).length).to.be.greaterThan(0)
    expect((await listLabs()).map((record) => record.state)).to.deep.equal(['orphaned'])
    const { removed } = await clean({ all: false, cache: false })
    expect(removed.filter(({ kind }) => kind === 'lab')).to.have.lengthOf(1)
    expect(removed[0]?.processes).to.be.greaterThan(2)
    expectNothingLeft(state)
  })

  it('keeps a lab that is meant to stand, and is let in again from another process', async () => {
    lab = await start(true)
    await lab.keep()
    const { id } = lab
    await lab[Symbol.asyncDispose]()
    lab = undefined
    expect((await clean({ all: false, cache: false })).left.map(({ name }) => name)).to.deep.equal([id])
    const again = await new VmProvider().attach(id)
    expect(await everywhere(again, sh`hostname`)).to.deep.equal(['manager', 'worker1', 'worker2'])
    await again[Symbol.asyncDispose]()
    await new VmProvider().remove(id)
    expectNothingLeft(state)
  })

  it('quotes what QEMU said when it ends', async () => {
    process.env['SWARMPROOF_BOOT'] = 'cold'
    try {
      const impossible = { ...topology, nodes: [{ ...topology.nodes[0], cpus: 100_000 } as NodeSpec] }
      const error = await new VmProvider()
        .start(impossible, { progress, signal: new AbortController().signal, stackRecipe, fresh: true })
        .then(
          () => undefined,
          (reason: unknown) => reason,
        )
      expect(error).to.be.instanceOf(SwarmproofError).with.property('code', 'QEMU_DIED')
      expect(error).to.have.property('message').that.matches(/CPU/i)
      expect(error).to.have.property('host', 'manager')
      expectNothingLeft(state)
    } finally {
      delete process.env['SWARMPROOF_BOOT']
    }
  })

  async function damage(): Promise<void> {
    for (const key of await readdir(standingDirectory())) {
      if (!key.startsWith(topology.name) || key.endsWith('.lock')) continue
      for (const save of await readdir(join(standingDirectory(), key), { withFileTypes: true })) {
        if (save.isDirectory())
          await truncate(join(standingDirectory(), key, save.name, 'manager.memory'), 1e6)
      }
    }
  }

  function startOwner(): ChildProcess {
    const code = `
      const { VmProvider } = await import(${JSON.stringify(new URL('vm-provider.ts', import.meta.url).href)})
      const step = { update() {}, done() {}, failed() {} }
      await new VmProvider().start(${JSON.stringify(topology)}, {
        progress: { begin: () => step, note() {} }, signal: new AbortController().signal,
        stackRecipe: 'owner', fresh: true })
      console.log('started')
      setInterval(() => {}, 1000)`
    return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }
})

async function expectClocksRight(
  lab: Lab,
  everywhere: (lab: Lab, command: Script) => Promise<string[]>,
): Promise<void> {
  const before = Date.now() / 1000
  const clocks = (await everywhere(lab, sh`date +%s.%N`)).map(Number)
  const after = Date.now() / 1000
  for (const clock of clocks) expect(clock).to.be.within(before - 2, after + 2)
}

function expectNothingLeft(state: string): void {
  expect(processesUsing(state), 'processes').to.deep.equal([])
  expect(readdirSync(join(state, 'labs')), 'folders of labs').to.deep.equal([])
}
