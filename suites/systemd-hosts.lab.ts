import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { eventually } from '../lib/eventually.ts'
import type { Host, Lab } from '../lib/host/host.ts'
import { reboot } from '../lib/change/reboot.ts'
import { clean } from '../lib/host/vm/clean.ts'
import { VmProvider } from '../lib/host/vm/vm-provider.ts'
import { sh, type Script } from '../lib/script.ts'
import { sudoLogin } from '../lib/setup/systemd-guest.ts'
import { engineLogLines } from '../lib/swarm/engine-log.ts'
import { restartEngine } from '../lib/swarm/restart-engine.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { plainProgress } from './lab-test.ts'
import { endLab } from './raised-lab.fake.ts'

const run = promisify(execFile)
const topology = findTopology('systemd')
const signal = new AbortController().signal

/** Real machines with systemd; no swarm is needed for what they are. Running labs get a folder of the test's. */
describe('hosts with systemd', () => {
  const formerState = process.env['SWARMPROOF_STATE']
  let state = ''
  let lab: Lab

  before(endLab)
  before(async () => {
    state = mkdtempSync(join(tmpdir(), 'swarmproof-systemd-'))
    process.env['SWARMPROOF_STATE'] = state
    const options = { progress: plainProgress, signal, stackRecipe: 'hosts with systemd', fresh: true }
    lab = await new VmProvider().start(topology, options)
  })

  after(async () => {
    await lab?.[Symbol.asyncDispose]()
    await clean({ all: true, cache: false })
    rmSync(state, { recursive: true, force: true })
    if (formerState === undefined) delete process.env['SWARMPROOF_STATE']
    else process.env['SWARMPROOF_STATE'] = formerState
  })

  const host = (index: number): Host => lab.hosts[index] ?? expect.fail(`no host ${index}`)
  const onEach = async (script: Script): Promise<string[]> =>
    Promise.all(
      lab.hosts.map(async ({ remote }) => {
        const { stdout, stderr, exitCode } = await remote.exec(script, { timeoutMs: 60_000 })
        return exitCode === 0 ? stdout.trim() : `exit ${exitCode}: ${stderr}`
      }),
    )
  /** A login session of its own, which has ended when this resolves. */
  const asSudoLogin = async (script: Script): Promise<string> => {
    const words = [...lab.sshArguments(host(1).name).slice(0, -1), `${sudoLogin}@127.0.0.1`, script.text]
    return (await run('ssh', words, { timeout: 120_000 })).stdout.trim()
  }

  it('run it, with every unit up', async () => {
    expect(await onEach(sh`cat /proc/1/comm`)).to.deep.equal(['systemd', 'systemd'])
    expect(await onEach(sh`systemctl is-system-running || systemctl --failed --no-legend`)).to.deep.equal([
      'running',
      'running',
    ])
    expect(await onEach(sh`systemctl is-active docker containerd ssh`)).to.deep.equal(
      Array.from({ length: 2 }, () => 'active\nactive\nactive'),
    )
  })

  it('are themselves, although cloned from one template: in their files, and in their journal', async () => {
    expect(await onEach(sh`hostname`)).to.deep.equal(['manager', 'worker1'])
    const ids = await onEach(sh`cat /etc/machine-id`)
    expect(new Set(ids)).to.have.lengthOf(2)
    const written = sh`logger -t swarmproof-test here; journalctl --sync; journalctl -q -n 1 -t swarmproof-test -o json`
    for (const [index, line] of (await onEach(written)).entries()) {
      const entry = JSON.parse(line) as Record<string, string>
      expect(entry).to.include({ MESSAGE: 'here', _MACHINE_ID: ids[index], _HOSTNAME: host(index).name })
    }
  })

  it('keep the log of their engine in the journal, where it is read', async () => {
    await restartEngine(host(1))
    const lines = await engineLogLines(host(1), ['API listen on'])
    expect(lines.at(-1)).to.include('API listen on')
  })

  it('end with a login session what was started in it, but not what systemd runs', async () => {
    expect(await asSudoLogin(sh`id -un; sudo -n id -un`)).to.equal(`${sudoLogin}\nroot`)
    const started = await asSudoLogin(sh`
sudo -n setsid /usr/bin/sleep 4242 </dev/null >/dev/null 2>&1 &
sudo -n systemd-run --quiet --collect /usr/bin/sleep 4343
until pgrep -x -f '/usr/bin/sleep 4242' && pgrep -x -f '/usr/bin/sleep 4343'; do sleep 0.2; done`)
    expect(started.split('\n'), 'both ran').to.have.lengthOf(2)
    const running = async (seconds: number): Promise<boolean> =>
      (await host(1).remote.exec(sh`pgrep -x -f ${`/usr/bin/sleep ${seconds}`}`)).exitCode === 0
    await eventually({ what: 'the session has ended', withinMs: 30_000, signal }, async () =>
      (await running(4242)) ? { ready: false, seen: 'its process runs' } : { ready: true, value: undefined },
    )
    expect(await running(4343), 'what systemd runs').to.equal(true)
  })

  it('come back from a reboot as who they were', async () => {
    const who = sh`hostname; cat /etc/machine-id; ip -4 -o address show eth1 | cut -d' ' -f7`
    const before = (await host(0).remote.exec(who)).stdout
    await reboot(host(0), { withinMs: 180_000, signal })
    const again = { idempotent: true, timeoutMs: 150_000 }
    expect((await host(0).remote.exec(who, again)).stdout).to.equal(before)
    const engine = sh`until docker info >/dev/null 2>&1; do sleep 0.5; done; systemctl is-active docker`
    expect((await host(0).remote.exec(engine, again)).stdout).to.equal('active\n')
  })
})
