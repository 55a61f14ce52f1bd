import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import type { Host } from '../host/host.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import type { Remote } from '../remote/remote.ts'
import { type FakeEngine, fakeEngine } from './guard.fake.ts'
import { type Guard, type GuardOptions, startGuard } from './guard.ts'

export const label = 'swarmproof=run-1'
const theirs = 'swarmproof=run-2'

/** What other runs have on the host. */
export const others = ['services/own-services', 'containers/own-containers', 'networks/own-networks']

/** Everything that a shell may be on hosts: dash here, busybox on others. */
const shells = ['/bin/sh', '/bin/busybox'].filter((shell) => existsSync(shell))

/** Empty for a process that has ended, also where nobody has asked for its end yet. */
export function commandOf(pid: string): string {
  return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
}

/** The process that holds the line of the guard in a folder, as soon as there is one beside `former`. */
export function lineHolder(folder: string, former?: number): Promise<number> {
  return eventually({ what: 'the line is held', withinMs: 10_000, everyMs: 20 }, async () => {
    const holder = lineHolders(folder).find((pid) => pid !== former)
    return holder === undefined ? { ready: false, seen: 'by nobody' } : { ready: true, value: holder }
  })
}

function lineHolders(folder: string): number[] {
  const holds = (pid: string): boolean => {
    try {
      return (
        readlinkSync(`/proc/${pid}/fd/3`) === join(folder, 'line') && commandOf(pid).includes('read -r beat')
      )
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && holds(entry))
    .map(Number)
}

export async function failure(work: Promise<unknown>): Promise<Error> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).to.be.instanceOf(Error)
  return thrown as Error
}

/** A host with an engine that holds what the run `run-1` made, and what another one did; made for each test. */
export class GuardedFake {
  readonly shell: string
  readonly folder = mkdtempSync(join(tmpdir(), 'swp-guard-'))
  readonly engine: FakeEngine
  readonly host: Host
  guard: Guard | undefined
  /** Commands that the host was given, but for what lives on. */
  calls = 0

  constructor(shell: string) {
    this.shell = shell
    const engine = (this.engine = fakeEngine(this.folder, shell))
    this.host = this.hostWith(`${engine.path}:${process.env['PATH']}`)
    for (const name of ['swp-x-web', 'swp-x-rr']) {
      engine.put('services', name, label)
      engine.put('tasks', `${name}.1.abc`)
    }
    engine.put('containers', 'swp-x-alone', label)
    engine.put('networks', 'swp-x-clear', label)
    for (const kind of ['services', 'containers', 'networks'] as const)
      engine.put(kind, `own-${kind}`, theirs)
    engine.set('images/list', 'busybox:1\nswarmproof/probe:x\n')
  }

  /** Folder of the guard on the host. */
  get own(): string {
    return join(this.folder, 'lib', 'run-1')
  }

  hostWith(path: string, name = 'web1'): Host {
    const words = this.shell === '/bin/busybox' ? [this.shell, 'sh', '-c'] : [this.shell, '-c']
    const { remote, ...host } = nativeHost(name, ['/usr/bin/env', `PATH=${path}`, ...words])
    const exec: Remote['exec'] = (command, options) => {
      this.calls += 1
      return remote.exec(command, options)
    }
    return { ...host, remote: { ...remote, exec } }
  }

  async start(changes: Partial<GuardOptions> = {}): Promise<Guard> {
    return (this.guard = await startGuard([this.host], {
      ...{ runId: 'run-1', prefix: 'swp-x', tickSeconds: 0.1 },
      root: join(this.folder, 'lib'),
      systemdFolder: join(this.folder, 'no-systemd'),
      ...changes,
    }))
  }

  untilGone(): Promise<void> {
    return eventually({ what: 'the host has cleaned up', withinMs: 20_000, everyMs: 50 }, async () => {
      const left = [...this.engine.left(), ...(existsSync(this.own) ? ['its folder'] : [])]
      return left.every((name) => others.includes(name))
        ? { ready: true, value: undefined }
        : { ready: false, seen: left.join(', ') }
    })
  }

  async end(): Promise<void> {
    await Promise.resolve(this.guard?.[Symbol.asyncDispose]()).catch(() => undefined)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Describes guards by each shell; `on()` is the host of the test that runs. */
export function describeGuards(title: string, tests: (on: () => GuardedFake, shell: string) => void): void {
  for (const shell of shells) {
    describe(`${title}, by ${shell}`, function () {
      this.timeout(60_000)
      let fake: GuardedFake
      beforeEach(() => (fake = new GuardedFake(shell)))
      afterEach(() => fake.end())
      tests(() => fake, shell)
    })
  }
}
