import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const node = `${process.execPath} --import tsx`
const patienceMs = 60_000

/** A verification that is under way, in a process of its own, when its output or its time ends. */
describe('a command that works', function () {
  this.timeout(2 * patienceMs)
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-work-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  const words = (mode: string): string =>
    `${node} lib/cli/work.fake.ts work ${mode} --report-dir ${folder}/reports`
  const start = (line: string): ChildProcess =>
    spawn('bash', ['-c', line], {
      cwd: root,
      env: { ...process.env, WORK_LOG: join(folder, 'log'), JAVA_HOME: '/nowhere', GITHUB_ACTIONS: '' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  const log = (): string[] =>
    existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : []
  const logged = async (wanted: string): Promise<void> => {
    const until = performance.now() + patienceMs
    while (!log().some((line) => line.startsWith(wanted))) {
      if (performance.now() > until) expect.fail(`'${wanted}' never came; log: ${log().join(' / ')}`)
      await delay(50)
    }
  }
  const run = async (line: string): Promise<{ code: number | null; out: string; err: string }> => {
    const child = start(line)
    let [out, err] = ['', '']
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, out, err }
  }
  const record = (): RunRecord => {
    const [id = ''] = readdirSync(join(folder, 'reports')).filter(
      (name) => name !== 'latest' && name !== 'fill',
    )
    return JSON.parse(readFileSync(join(folder, 'reports', id, 'run.json'), 'utf8')) as RunRecord
  }

  for (const [what, line] of [
    [
      'its reader has gone',
      (mode: string) => `${words(mode)} | head -1 >/dev/null; exit "\${PIPESTATUS[0]}"`,
    ],
    ['the reader of its progress has gone', (mode: string) => `${words(mode)} 2> >(head -1 >/dev/null)`],
    [
      'both have gone',
      (mode: string) => `${words(mode)} 2>&1 | head -1 >/dev/null; exit "\${PIPESTATUS[0]}"`,
    ],
    ['the disk of its output is full', (mode: string) => `${words(mode)} >/dev/full`],
    ['there is no room for either', (mode: string) => `${words(mode)} --json >/dev/full 2>&1`],
    ['its outputs are closed', (mode: string) => `${words(mode)} >&- 2>&-`],
  ] as const) {
    it(`goes on to its end and its exit code when ${what}`, async () => {
      expect((await run(line('verify'))).code).to.equal(1)
      expect(log()).to.deep.equal(['lab stands', 'LAB TAKEN DOWN', 'state finished', 'exit 1'])
    })
  }

  it('ends with 0 when all holds, also where nobody reads that', async () => {
    expect((await run(`${words('hold')} --json >/dev/full`)).code).to.equal(0)
    expect(log()).to.deep.equal(['lab stands', 'LAB TAKEN DOWN', 'state finished', 'exit 0'])
  })

  it('takes its lab down when its terminal is closed', async function () {
    if (process.platform !== 'linux') this.skip()
    // What a terminal does when its window is closed: SIGHUP, and EIO for whoever writes on.
    const terminal = spawn('script', ['-qfec', `exec ${words('lab')}`, '/dev/null'], {
      cwd: root,
      env: { ...process.env, WORK_LOG: join(folder, 'log'), JAVA_HOME: '/nowhere', TERM: 'xterm' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await logged('lab stands')
    terminal.kill('SIGKILL')
    await logged('exit')
    expect(log()).to.deep.equal(['lab stands', 'LAB TAKEN DOWN', 'state interrupted', 'exit 130'])
    expect(record().state).to.equal('interrupted')
  })

  it('takes its lab down on Ctrl-C at a terminal', async function () {
    if (process.platform !== 'linux') this.skip()
    const terminal = spawn('script', ['-qfec', `exec ${words('lab')}`, '/dev/null'], {
      cwd: root,
      env: { ...process.env, WORK_LOG: join(folder, 'log'), JAVA_HOME: '/nowhere', TERM: 'xterm' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await logged('lab stands')
    terminal.stdin.write('\u0003')
    const [code] = (await once(terminal, 'close')) as [number]
    expect(code).to.equal(130)
    expect(log()).to.deep.equal(['lab stands', 'LAB TAKEN DOWN', 'state interrupted', 'exit 130'])
  })

  /** Signals with the time before each. */
  const signalled = async (...signals: (readonly [number, NodeJS.Signals])[]): Promise<number | null> => {
    const child = start(`exec ${words('lab')}`)
    child.stdout?.resume()
    child.stderr?.resume()
    await logged('lab stands')
    for (const [afterMs, signal] of signals) {
      await delay(afterMs)
      child.kill(signal)
    }
    const [code] = (await once(child, 'close')) as [number | null]
    return code
  }
  const cleanedUp = ['lab stands', 'LAB TAKEN DOWN', 'state interrupted', 'exit 130']

  it('cleans up under SIGINT and then SIGTERM, as CI services send them', async () => {
    expect(await signalled([0, 'SIGINT'], [700, 'SIGTERM'])).to.equal(130)
    expect(log()).to.deep.equal(cleanedUp)
  })

  it('takes the same signal within a second for the same event, as npm and shells hand it on', async () => {
    expect(await signalled([0, 'SIGINT'], [20, 'SIGINT'])).to.equal(130)
    expect(log()).to.deep.equal(cleanedUp)
  })

  it('ends at once when the same signal comes again later', async () => {
    expect(await signalled([0, 'SIGINT'], [1100, 'SIGINT'])).to.equal(130)
    expect(log()).to.deep.equal(['lab stands', 'exit 130'])
  })

  for (const mode of ['throw', 'reject']) {
    it(`takes its lab down after an error that no code catches (${mode})`, async () => {
      const { code, err } = await run(words(mode))
      expect(code).to.equal(70)
      expect(log()).to.deep.equal(['lab stands', 'LAB TAKEN DOWN', 'state harness-failed', 'exit 70'])
      expect(err).to.contain('unexpected error, please report it\nError: a bug\n    at ')
      expect(
        record()
          .failures.map(({ message }) => message)
          .join(),
      ).to.contain('a bug')
      const [id = ''] = readdirSync(join(folder, 'reports'))
      const logFile = readFileSync(join(folder, 'reports', id, 'log.ndjson'), 'utf8')
      expect(logFile).to.match(/"stack":"[^"]*a bug[^"]*work\.fake\.ts/)
    })
  }

  it('takes its lab down when the disk of its reports is full, and says what it could not write', async function () {
    if (process.getuid?.() !== 0) this.skip()
    const reports = join(folder, 'reports')
    // Seen by this child alone, and gone with it.
    const mounted = `mkdir ${reports} && mount -t tmpfs -o size=512k tmpfs ${reports} && exec ${words('fill')}`
    const { code, err } = await run(`unshare -m sh -c '${mounted}'`)
    expect(log()).to.deep.equal([
      'lab stands',
      'disk ENOSPC',
      'LAB TAKEN DOWN',
      'state harness-failed',
      'exit 70',
    ])
    expect(code).to.equal(70)
    for (const name of ['run.json', 'log.ndjson']) {
      expect(err.split(`${name} cannot be written: ENOSPC`), name).to.have.lengthOf(2)
    }
    expect(err).to.not.contain('unexpected error')
  })

  it('ends within its deadline, cleaned up, and tells what was not reached', async () => {
    const { code, out } = await run(words('late'))
    expect(log()).to.deep.equal(['lab stands', 'LAB TAKEN DOWN', 'state out-of-time', 'exit 2'])
    expect(code).to.equal(2)
    expect(out).to.match(/^OUT OF TIME, INCONCLUSIVE \(partial\) .* 12 not reached/m)
    expect(record().state).to.equal('out-of-time')
    expect(record().requirements.every(({ verdict }) => verdict === undefined)).to.equal(true)
  })

  it('ends at its deadline even where cleaning up takes longer', async () => {
    const { code, err } = await run(words('hopeless'))
    expect(code).to.equal(70)
    expect(log()).to.deep.equal(['lab stands', 'exit 70'])
    expect(err).to.match(/the deadline of \d.* s: ended without cleaning up; `swarmproof clean`/)
  })
})

describe('a command that merely prints', function () {
  this.timeout(patienceMs)
  const status = async (line: string): Promise<number | null> => {
    const child = spawn('bash', ['-c', line], { cwd: root, stdio: 'ignore' })
    const [code] = (await once(child, 'close')) as [number | null]
    return code
  }
  const swarmproof = `${process.execPath} bin/swarmproof.js`

  it('stops quietly, and not with 0, when its reader goes away', async () => {
    for (const words of ['list requirements', 'explain ENC-01', '--help']) {
      // The reader has gone before anything is printed.
      const line = `${swarmproof} ${words} | true; exit "\${PIPESTATUS[0]}"`
      expect(await status(line), words).to.equal(141)
    }
    expect(await status(`${swarmproof} list requirements | cat; exit "\${PIPESTATUS[0]}"`)).to.equal(0)
  })

  it('ends with 70 where there is no room for what it prints', async () => {
    expect(await status(`${swarmproof} explain ENC-01 >/dev/full`)).to.equal(70)
    expect(await status(`${swarmproof} --version >/dev/full`)).to.equal(70)
  })
})
