import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import Docker from 'dockerode'
import { only } from '../../conformance/plan.ts'
import { conformanceRun } from '../../conformance/run.ts'
import { defaultTimeLimitMs } from '../../conformance/time-limit.ts'
import { diagnose } from '../../diagnosis/diagnosis.ts'
import type { Progress } from '../../progress.ts'
import { type Script, sh } from '../../script.ts'
import { containerRemote } from '../../remote/container-remote.ts'
import { failure, firstOutput, remoteContract, until } from '../../remote/remote-contract.fake.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import { suites } from '../../../suites/index.ts'
import { cleanAll } from '../standing-labs.ts'
import type { ContainerLab } from './container-lab.ts'
import { ContainerProvider } from './container-provider.ts'
import { requireEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import { localImage } from './engine-image.ts'
import { labLabel } from './lab-labels.ts'
import { findLabs, hostContainer } from './lab-parts.ts'
import { engineForTests } from './own-engine.fake.ts'
import type { EngineForTests } from './own-engine.fake.ts'

const node = (name: string, role: NodeSpec['role'], last: number): NodeSpec => ({
  name,
  role,
  memoryMib: 1024,
  cpus: 1,
  addresses: { underlay: `192.168.56.${last}`, spare: `192.168.66.${last}` },
})

const topology: Topology = {
  name: 'container-test',
  description: 'Two hosts for the tests of the provider',
  nodes: [node('manager', 'manager', 11), node('worker1', 'worker', 12)],
  underlays: [
    { name: 'underlay', subnet: '192.168.56.0/24', mtuBytes: 1500 },
    { name: 'spare', subnet: '192.168.66.0/24', mtuBytes: 1400 },
  ],
  swarm: { advertise: 'underlay', dataPath: 'underlay', dataPathPort: 4789 },
  stack: {
    clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
    secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
    publishedPort: 8080,
  },
}

const processes = sh`for p in /proc/[0-9]*; do case $(cat $p/stat 2>/dev/null) in *") Z "*|"") ;; *) echo "\${p#/proc/} $(tr "\0" " " <$p/cmdline)";; esac; done`

/** Real engines in real containers, of the image that is built from this machine's packages. */
describe('the provider of containers', function () {
  this.timeout(180_000)
  const provider = new ContainerProvider({ engineImage: localImage })
  const notes: string[] = []
  const quiet = { update: () => undefined, done: () => undefined, failed: () => undefined }
  const progress: Progress = { begin: () => quiet, note: (words) => void notes.push(words) }
  let own: EngineForTests | undefined
  let engine: Engine
  let lab: ContainerLab | undefined

  const start = (signal = new AbortController().signal): Promise<ContainerLab> =>
    provider.start(topology, { progress, signal, stackRecipe: 'test', fresh: true })
  const onHost = async (name: string, command: Script): Promise<string> => {
    const host = lab?.hosts.find((candidate) => candidate.name === name)
    return (await host?.remote.exec(command))?.stdout.trim() ?? ''
  }
  const container = async (name: string): Promise<Docker.Container> => {
    const [parts] = await findLabs(engine, lab?.id)
    return engine.docker.getContainer(parts === undefined ? '' : (hostContainer(parts, name)?.Id ?? ''))
  }
  const expectNothingLeft = async (): Promise<void> => {
    const filters = { label: [labLabel] }
    const [containers, networks, { Volumes }] = await Promise.all([
      engine.docker.listContainers({ all: true, filters }),
      engine.docker.listNetworks({ filters }),
      engine.docker.listVolumes({ filters }),
    ])
    expect([...containers, ...networks, ...(Volumes ?? [])], 'left on the engine').to.deep.equal([])
  }

  before(async function () {
    // The image may have to be built first.
    this.timeout(1_200_000)
    const found = await engineForTests()
    if (typeof found === 'string') {
      console.log(`      skipped: ${found}`)
      return this.skip()
    }
    own = found
    engine = await requireEngine()
    lab = await start()
  })
  after(async () => {
    await lab?.[Symbol.asyncDispose]()
    await own?.[Symbol.asyncDispose]()
  })

  describe('starts hosts', () => {
    it('gives each host its addresses, interfaces, MTU and an engine of its own', async () => {
      expect(lab?.hosts.map(({ name, origin }) => `${name} ${origin.id}`)).to.deep.equal([
        'manager container',
        'worker1 container',
      ])
      for (const { name, underlays, node: spec } of lab?.hosts ?? []) {
        for (const { name: underlay, mtuBytes } of topology.underlays) {
          expect(underlays[underlay]?.address).to.equal(spec.addresses[underlay])
          const link = await onHost(name, sh`ip -o addr show dev ${underlays[underlay]?.interface ?? ''}`)
          expect(link).to.contain(`inet ${spec.addresses[underlay]}/24`)
          const mtu = await onHost(name, sh`cat /sys/class/net/${underlays[underlay]?.interface ?? ''}/mtu`)
          expect(Number(mtu)).to.equal(mtuBytes)
        }
        expect(await onHost(name, sh`hostname; docker info --format {{.Name}}`)).to.equal(`${name}\n${name}`)
        const other = name === 'manager' ? 'worker1' : 'manager'
        expect(await onHost(name, sh`ping -c 1 -W 5 ${other}`)).to.contain('1 received')
      }
      const ids = await Promise.all(
        ['manager', 'worker1'].map((name) => onHost(name, sh`docker info --format {{.ID}}`)),
      )
      expect(new Set(ids).size).to.equal(2)
    })

    it('says what the hosts are, and that they share a kernel', () => {
      expect(lab?.startedFrom).to.equal('cold-boot')
      expect(Object.keys(lab?.facts ?? {})).to.include.members([
        'privileges',
        'shared kernel',
        'weaker for it',
      ])
      expect(lab?.facts['shared kernel']).to.contain('all 2 hosts run on the one kernel')
      expect(lab?.facts['engine image']).to.contain("this machine's own archive")
    })

    it('cannot restart the machine from a host', async () => {
      expect(
        await onHost('manager', sh`[ ! -e /proc/sysrq-trigger ] || stat -c %t:%T /proc/sysrq-trigger`),
      ).to.be.oneOf(['', '1:3'])
    })

    it('refuses a second lab on the same addresses by the name of the first', async () => {
      const error = await start().catch((reason: unknown) => reason)
      expect(error).to.have.property('code', 'UNDERLAY_TAKEN')
      expect(error)
        .to.have.property('message')
        .that.contains(`lab ${lab?.id} has it`)
        .and.contains('swarmproof down')
      expect((await findLabs(engine)).map(({ id }) => id)).to.deep.equal([lab?.id])
    })
  })

  describe('leads into a host', () => {
    remoteContract({
      connect: async () => containerRemote('manager', await container('manager')),
      isAlive: async (pid) =>
        (await onHost('manager', processes)).split('\n').some((line) => line.startsWith(`${pid} `)),
      commandLines: async () => (await onHost('manager', processes)).split('\n'),
      folder: () => '/tmp/contract',
    })

    const gone = (pid: number) => async (): Promise<boolean> =>
      (await onHost('manager', sh`kill -0 ${pid} 2>&1 || echo gone`)).includes('gone')

    for (const stdin of ['lifeline', 'pipe'] as const) {
      it(`ends the process (${stdin}) when the connection drops, and says so`, async () => {
        await using wire = await cuttable(engine)
        const { id } = await container('manager')
        await using remote = containerRemote('manager', wire.docker.getContainer(id))
        const process = await remote.spawn(sh`echo $$; exec sleep 60`, { stdin })
        const pid = Number(await firstOutput(process.stdout))
        wire.cut()
        expect(await failure(process.exited)).to.include({ code: 'EXEC_LOST', mayHaveStarted: true })
        expect(await failure(text(process.stdout))).to.have.property('code', 'EXEC_LOST')
        await until(gone(pid))
        expect(await failure(remote.exec(sh`true`))).to.include({
          code: 'EXEC_CONNECT',
          mayHaveStarted: false,
        })
      })
    }

    it('ends the process when whoever started it is killed', async () => {
      const { id } = await container('manager')
      const code = `
        const { requireEngine } = await import(${JSON.stringify(new URL('engine.ts', import.meta.url).href)})
        const { containerRemote } = await import(${JSON.stringify(new URL('../../remote/container-remote.ts', import.meta.url).href)})
        const remote = containerRemote('manager', (await requireEngine()).docker.getContainer(${JSON.stringify(id)}))
        const { sh } = await import(${JSON.stringify(new URL('../../script.ts', import.meta.url).href)})
        const started = await remote.spawn(sh\`trap '' HUP; echo $$; exec sleep 60\`)
        started.stdout.pipe(process.stdout)`
      const owner = startScript(code)
      const pid = Number(await firstOutput(owner.stdout))
      expect(await gone(pid)()).to.equal(false)
      owner.kill('SIGKILL')
      await until(gone(pid))
    })
  })

  describe('looks after its labs', () => {
    it('survives the restart of a host, which finds its engine and addresses again', async () => {
      const { reboot } = await import('../../change/reboot.ts')
      const host = lab?.hosts[1]
      if (host === undefined) throw new Error('no host')
      await host.remote.exec(sh`docker volume create kept`)
      await reboot(host, { withinMs: 60_000, signal: new AbortController().signal })
      await until(async () => (await onHost('worker1', sh`docker volume ls -q`)) === 'kept')
      expect(await onHost('worker1', sh`ip -o -4 addr show`)).to.contain('192.168.56.12/24')
      expect(await onHost('worker1', sh`cat /etc/resolv.conf`)).to.equal('nameserver 192.168.56.12')
    })

    it('keeps a lab that is meant to stand, lets in again, and ends it', async () => {
      await lab?.keep()
      const id = lab?.id ?? ''
      await lab?.[Symbol.asyncDispose]()
      expect(await provider.list()).to.have.nested.property('[0].state', 'kept')
      expect((await cleanAll({ all: false, cache: false })).left.map(({ name }) => name)).to.include(id)
      lab = await provider.attach(id)
      expect(await onHost('worker1', sh`hostname`)).to.equal('worker1')
      expect(lab.facts).to.have.property('shared kernel')
      expect(lab.shellCommand('worker1').join(' ')).to.match(/^docker --host \S+ exec -it [0-9a-f]{12} sh$/)
      await provider.remove(id)
      lab = undefined
      await expectNothingLeft()
    })

    it('leaves nothing behind when it is interrupted half way', async () => {
      const controller = new AbortController()
      const hosts = {
        begin: () => (controller.abort(new Error('interrupted by the test')), quiet),
        note: () => undefined,
      }
      const error = await provider
        .start(topology, { progress: hosts, signal: controller.signal, stackRecipe: 'test', fresh: true })
        .catch((reason: unknown) => reason)
      expect(error).to.have.property('message').that.contains('interrupted by the test')
      await expectNothingLeft()
    })

    it('cleans up after an owner that was killed', async () => {
      const owner = startScript(`
        const { ContainerProvider } = await import(${JSON.stringify(new URL('container-provider.ts', import.meta.url).href)})
        const step = { update() {}, done() {}, failed() {} }
        await new ContainerProvider({ engineImage: ${JSON.stringify(localImage)} }).start(${JSON.stringify(topology)}, {
          progress: { begin: () => step, note() {} }, signal: new AbortController().signal,
          stackRecipe: 'owner', fresh: true })
        console.log('started')
        setInterval(() => {}, 1000)`)
      await once(owner.stdout, 'data')
      expect(await provider.list()).to.have.nested.property('[0].state', 'owned')
      owner.kill('SIGKILL')
      await once(owner, 'exit')
      expect(await provider.list()).to.have.nested.property('[0].state', 'orphaned')
      const { removed } = await cleanAll({ all: false, cache: false })
      expect(removed.find(({ containers }) => containers === 2)).to.include({ kind: 'lab' })
      await expectNothingLeft()
    })
  })

  describe('makes hosts that are verified', () => {
    let reportDir = ''
    const ids = ['OVL-03', 'VXL-01', 'DSC-01', 'DSC-04', 'ING-01', 'ENC-01', 'ENC-03']
    const needs: Readonly<Record<string, string>> = {
      'DSC-04': 'ip_vs',
      'ING-01': 'ip_vs',
      'ENC-01': 'esp4',
      'ENC-03': 'esp4',
    }
    before(() => (reportDir = mkdtempSync(join(tmpdir(), 'swarmproof-reports-'))))
    after(() => rmSync(reportDir, { recursive: true, force: true }))

    it('for what the kernel has, and leaves out the rest by the name of what it lacks', async () => {
      const has = await kernelParts(start)
      const { record } = await conformanceRun({
        ...{ topology, provider, progress, signal: new AbortController().signal, fresh: true, keep: false },
        suites: only(suites, ({ id }) => ids.includes(id)),
        ...{ timeoutMs: defaultTimeLimitMs, bail: false, reportDir, reproduce: '', version: 'test' },
        onVerdict: () => undefined,
      })
      expect(record.failures).to.deep.equal([])
      for (const { id, verdict } of record.requirements) {
        const part = needs[id]
        const expected = part === undefined || has.has(part) ? 'pass' : 'skip'
        expect(`${id} ${verdict?.outcome}`, verdict?.reason).to.equal(`${id} ${expected}`)
        if (expected === 'skip') expect(verdict?.missing.map(({ what }) => what)).to.deep.equal([part])
      }
      expect(record.labs[0]).to.include({ origin: 'container', startedFrom: 'cold-boot' })
      const lacking = ['ip_vs', 'esp4'].filter((part) => !has.has(part))
      expect(diagnose(record).map(({ title }) => /`(\w+)`/.exec(title)?.[1])).to.have.members(lacking)
      await expectNothingLeft()
    })
  })
})

/** What a host says its kernel can, asked before anything is verified. */
async function kernelParts(start: () => Promise<ContainerLab>): Promise<ReadonlySet<string>> {
  await using lab = await start()
  const { stdout } = (await lab.hosts[0]?.remote.exec(sh`cat /etc/swarmproof/kernel-modules`)) ?? {
    stdout: '',
  }
  expect(stdout).to.contain('builtin vxlan')
  return new Set([...stdout.matchAll(/^builtin (\S+)/gm)].map(([, name]) => name ?? ''))
}

function startScript(code: string) {
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** A way to the engine that can be cut like a cable, with a reset. */
async function cuttable(engine: Engine): Promise<AsyncDisposable & { docker: Docker; cut(): void }> {
  const { pathname, hostname, port } = new URL(engine.endpoint.url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = hostname === '' ? connect(pathname) : connect(Number(port), hostname)
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined))
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets)
      socket.remoteFamily === undefined ? socket.destroy() : socket.resetAndDestroy()
    server.close()
  }
  const { port: own } = server.address() as AddressInfo
  return {
    docker: new Docker({ protocol: 'http', host: '127.0.0.1', port: own }),
    cut,
    [Symbol.asyncDispose]: async () => cut(),
  }
}
