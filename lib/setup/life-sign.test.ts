import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { silentProgress } from '../progress.ts'
import { isLockHeld, withLock } from './lock.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** Takes a lock, says so with its identity, and lets go of it when its input ends. */
const holder = `
  import { withLock } from './lib/setup/lock.ts'
  import { ownIdentity } from './lib/setup/process-identity.ts'
  const progress = { begin: () => ({ update() {}, done() {}, failed() {} }), note: () => console.log('waiting') }
  await withLock(process.env.LOCK, 'testing', { progress, signal: new AbortController().signal }, async () => {
    console.log(JSON.stringify(ownIdentity()))
    for await (const _ of process.stdin);
  })
  console.log('let go')
`

/** Two containers that share a folder differ in their PID namespaces, not in their kernel. */
describe('life across PID namespaces', function () {
  this.timeout(60_000)
  let folder = ''
  let path = ''
  const children: ChildProcess[] = []
  const known = { cache: process.env['SWARMPROOF_CACHE'], state: process.env['SWARMPROOF_STATE'] }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-life-'))
    path = join(folder, 'cache', 'x.lock')
    mkdirSync(join(folder, 'cache'))
    process.env['SWARMPROOF_CACHE'] = join(folder, 'cache')
    process.env['SWARMPROOF_STATE'] = join(folder, 'state')
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    restore('SWARMPROOF_CACHE', known.cache)
    restore('SWARMPROOF_STATE', known.state)
    rmSync(folder, { recursive: true })
  })

  const start = (elsewhere: boolean): ChildProcess => {
    const command = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', holder]
    const [program = '', ...words] = elsewhere
      ? ['unshare', '-p', '-f', '--kill-child', '--mount-proc', ...command]
      : command
    const child = spawn(program, words, {
      cwd: root,
      env: { ...process.env, LOCK: path },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    return child
  }
  const says = async (child: ChildProcess): Promise<string> => {
    const [chunk] = (await once(child.stdout as Readable, 'data')) as [Buffer]
    child.stdout?.resume()
    return chunk.toString().trim()
  }

  it('lets one in at a time, and the next when that one is gone, however it went', async function () {
    if (process.getuid?.() !== 0) return this.skip()
    const first = start(true)
    const identity = JSON.parse(await says(first)) as ProcessIdentity
    expect(identity.namespace).to.match(/^pid:\[\d+\]$/)
    // Its number is that of another process here, or of none.
    expect(isAlive({ pid: identity.pid, started: identity.started })).to.equal(false)
    expect(isAlive(identity)).to.equal(true)
    expect(await isLockHeld(path)).to.equal(true)
    const second = start(true)
    expect(await says(second)).to.equal('waiting')
    first.kill('SIGKILL')
    await once(first, 'close')
    const until = performance.now() + 20_000
    while (isAlive(identity)) {
      if (performance.now() > until) expect.fail('it still counts as alive')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const owner = async (): Promise<string> => {
      for (;;) {
        const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
        if (text !== '' && !text.includes(identity.sign ?? '-')) return text
        if (performance.now() > until) return 'nobody took it over'
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    expect(JSON.parse(await owner())).to.have.property('sign')
    second.stdin?.end()
    await once(second, 'close')
    expect(await isLockHeld(path)).to.equal(false)
    const context = { progress: silentProgress, signal: new AbortController().signal }
    expect(await withLock(path, 'testing', context, async () => 'in')).to.equal('in')
  })

  it('is judged by a sign that the kernel takes back', async () => {
    const child = start(false)
    const here = JSON.parse(await says(child)) as ProcessIdentity
    const seenFromElsewhere = { ...here, pid: 1, namespace: 'pid:[1]' }
    expect(isAlive(seenFromElsewhere)).to.equal(true)
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(isAlive(seenFromElsewhere)).to.equal(false)
  })

  it('counts as given where its sign cannot be seen, unless the machine was started since', () => {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const elsewhere = { pid: 1, namespace: 'pid:[1]' }
    expect(isAlive({ ...elsewhere, started: `${boot}:1` })).to.equal(true)
    expect(isAlive({ ...elsewhere, started: `${boot}:1`, sign: 'never-made' })).to.equal(true)
    expect(isAlive({ ...elsewhere, started: 'another-boot:1', sign: 'never-made' })).to.equal(false)
    expect(isAlive({ ...elsewhere, started: `${boot}:1`, sign: '../../etc/passwd' })).to.equal(true)
  })
})

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
