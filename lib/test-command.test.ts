import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { eventually } from './eventually.ts'
import { packageRoot } from './package-root.ts'

const passing = `it('holds', () => undefined)\n`
const failing = `it('does not hold', () => { throw new Error('as is') })\n`

interface UnitTests {
  readonly seconds: Readonly<Record<string, number>>
  readonly unitTests: (folder: string, most: number) => { parts: string[][]; alone: string[] }
}

describe('the parts of the unit tests', () => {
  it('hold every file once, the slowest by names that are there, and take about equally long', async () => {
    const { seconds, unitTests } = (await import(join(packageRoot(), 'bin', 'unit-tests.js'))) as UnitTests
    const { parts, alone } = unitTests(packageRoot(), 4)
    const dealt = [...parts.flat(), ...alone].sort()
    const there = ['lib', 'suites', 'bench'].flatMap((room) =>
      readdirSync(join(packageRoot(), room), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => join(room, name)),
    )
    expect(dealt).to.deep.equal(there.sort())
    expect(there).to.include.members(Object.keys(seconds))
    const times = parts.map((files) => files.reduce((sum, file) => sum + (seconds[file] ?? 0), 0))
    expect(Math.max(...times)).to.be.below(1.5 * Math.min(...times))
  })
})

describe('the lab tests', () => {
  it('are all there are, those that share a lab one after another', async () => {
    const { labTests } = (await import(join(packageRoot(), 'bin', 'lab-tests.js'))) as {
      labTests: (folder: string) => string[]
    }
    const names = labTests(packageRoot()).map((file) => file.replace(/^.*\/|\.lab\.ts$/g, ''))
    expect(names.slice(2, 4)).to.deep.equal(['three-node', 'existing-swarm'])
    expect(names).to.include.members(['systemd-hosts', 'command-line'])
    expect(names.slice(-2)).to.deep.equal(['custom-port', 'faults'])
    expect(names).to.have.lengthOf(new Set(names).size)
  })
})

/** The test command in a checkout of a few files, with the real mocha and other tools that say what they are told to. */
describe('the test command', function () {
  this.timeout(60_000)
  let folder = ''
  const children: ChildProcess[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-checks-'))
    const real = packageRoot()
    for (const name of [
      'bin',
      'package.json',
      'package-lock.json',
      '.mocharc.json',
      '.mocharc.lab.json',
      'suites/told-at-once.js',
    ])
      cpSync(join(real, name), join(folder, name), { recursive: true })
    for (const room of ['lib/cli', 'suites', 'bench']) write(`${room}/main.ts`, '')
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
    for (const name of ['mocha', 'tsx', '.swarmproof-lock'])
      symlinkSync(join(real, 'node_modules', name), join(folder, 'node_modules', name))
    symlinkSync('../mocha/bin/mocha.js', join(folder, 'node_modules/.bin/mocha'))
    for (const name of ['eslint', 'prettier', 'tsc']) program(name, 'exit 0')
    write('bin/swarmproof.js', `console.log(process.argv.slice(2).join(' '))`)
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    rmSync(folder, { recursive: true })
  })

  const write = (name: string, content: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const program = (name: string, script: string): void =>
    writeFileSync(join(folder, 'node_modules/.bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const start = (...words: string[]): ChildProcess => {
    const child = spawn(process.execPath, ['bin/test.js', ...words], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    return child
  }
  const run = async (...words: string[]): Promise<{ code: number | null; out: string }> => {
    const child = start(...words)
    const closed = once(child, 'close')
    const out = child.stdout === null ? '' : await text(child.stdout)
    return { code: ((await closed) as [number | null])[0], out }
  }
  const lastLine = (out: string): string | undefined => out.trimEnd().split('\n').at(-1)

  it('counts what all parts ran, those alone and the lab among them', async () => {
    write('lib/room/a.test.ts', passing)
    write('suites/a.test.ts', `${passing}it.skip('later', () => undefined)\n`)
    write('bench/run/b.test.ts', passing)
    write('lib/timed.alone.test.ts', passing)
    write('lib/x.lab.ts', passing)
    write('suites/room/x.lab.ts', passing)
    const { code, out } = await run()
    expect(lastLine(out)).to.equal('10 passed, 0 failed, 1 skipped')
    expect(code).to.equal(0)
    expect(out).to.contain('set-up: setup --tests\n')
    const order = [...out.matchAll(/^== (.*) (?:ok in|…)/gm)].map(([, name]) => name)
    expect(order.slice(-4)).to.deep.equal(['unit tests alone', 'unit tests alone', 'lab tests', 'lab tests'])
  })

  it('runs lab tests one after another, and tells a failure where it happens', async () => {
    write('lib/a.test.ts', passing)
    for (const name of ['suites/faults', 'suites/three-node', 'suites/another', 'lib/hosts'])
      write(`${name}.lab.ts`, `it('${name}', () => { throw new Error('of ${name}') })\n`)
    const { out } = await run()
    const told = out.slice(0, out.indexOf('4 failing'))
    expect([...told.matchAll(/Error: of (\S+)/g)].map(([, name]) => name)).to.deep.equal([
      ...['lib/hosts', 'suites/three-node', 'suites/another', 'suites/faults'],
    ])
  })

  it('tells at its end once more what failed, however much was printed since', async () => {
    write('lib/a.test.ts', failing)
    write('lib/x.lab.ts', `${passing}after(() => console.log('a line\\n'.repeat(1000)))\n`)
    program('eslint', 'echo 12:3 no-such-rule; exit 1')
    const { out } = await run()
    const end = out.slice(out.lastIndexOf('a line'))
    expect(end).to.match(/^== lint FAILED:\n12:3 no-such-rule$/m)
    expect(end).to.match(/^== unit tests 1\/1 FAILED:\n +1 failing\n\n +1\) does not hold:\n +Error: as is$/m)
    expect(lastLine(end)).to.match(/^\d+ passed, 2 failed$/)
  })

  it('refuses words it does not know before it does anything', async () => {
    expect(await run('--qiuck')).to.deep.equal({ code: 64, out: '' })
    expect((await run('--help')).out).to.match(/^usage: npm test \[-- --quick\]\n/)
  })

  it('leaves out with --quick what needs a lab', async () => {
    write('lib/a.test.ts', passing)
    write('lib/x.lab.ts', failing)
    const { code, out } = await run('--quick')
    expect({ code, last: lastLine(out) }).to.deep.equal({ code: 0, last: '5 passed, 0 failed' })
    expect(out).to.contain('set-up: setup --unit-tests\n')
  })

  it('fails where a check, a test, or a file of tests does', async () => {
    write('lib/a.test.ts', passing + failing)
    write('lib/b.test.ts', passing)
    write('lib/c.test.ts', `throw new Error('not to be loaded')`)
    program('tsc', 'echo "a.ts(1,1): wrong" >&2; exit 2')
    const { code, out } = await run('--quick')
    expect({ code, last: lastLine(out) }).to.deep.equal({ code: 1, last: '5 passed, 3 failed' })
    expect(out).to.contain('\n== types\na.ts(1,1): wrong\n== types FAILED in 0 s\n')
    expect(out).to.contain('Error: as is').and.to.contain('not to be loaded')
  })

  it('fails where no test ran, and where a tool is missing', async () => {
    write('lib/a.test.ts', `describe('nothing', () => undefined)`)
    rmSync(join(folder, 'node_modules/.bin/tsc'))
    const { code, out } = await run('--quick')
    expect({ code, last: lastLine(out) }).to.deep.equal({ code: 1, last: '3 passed, 2 failed' })
    expect(out).to.contain('unit tests: no test ran\n').and.to.contain('ENOENT')
  })

  it('runs as many at once as there are processors, and prints each whole', async () => {
    write('lib/a.test.ts', passing)
    const lines = (name: string): string => Array.from({ length: 20 }, (_, n) => `${name} ${n}\n`).join('')
    for (const name of ['eslint', 'prettier', 'tsc'])
      program(name, `for n in $(seq 0 19); do echo "${name} $n"; sleep 0.02; done`)
    const { out } = await run('--quick')
    for (const name of ['eslint', 'prettier', 'tsc']) expect(out).to.contain(lines(name))
    let [running, most] = [0, 0]
    for (const [, end] of out.matchAll(/^== .* (…|(?:ok|FAILED) in \d+ s)$/gm)) {
      running += end === '…' ? 1 : -1
      most = Math.max(most, running)
    }
    expect(running).to.equal(0)
    expect(most).to.be.within(Math.min(2, availableParallelism()), availableParallelism())
  })

  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`ends on ${signal} with all it started, and starts nothing more`, async () => {
      // Mocha would end with 0.
      write('lib/a.test.ts', `it('waits', (done) => void setTimeout(done, 60_000)).timeout(0)`)
      const pidFile = join(folder, 'pid')
      program('eslint', `sleep 300 & echo $! >${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`)
      const child = start()
      const closed = once(child, 'close')
      const out = child.stdout === null ? Promise.resolve('') : text(child.stdout)
      await eventually({ what: 'the check runs', withinMs: 30_000, everyMs: 20 }, async () =>
        existsSync(pidFile) ? { ready: true, value: 0 } : { ready: false, seen: 'nothing' },
      )
      const pid = Number(readFileSync(pidFile, 'utf8'))
      child.kill(signal)
      expect(((await closed) as [number | null])[0]).to.equal(exitCode)
      expect(await out)
        .to.contain(`ended by ${signal}; not everything ran`)
        .and.not.match(/^== (unit tests .*|lint) ok/m)
        .and.not.to.contain('lab tests')
      expect(lastLine(await out)).to.match(/^\d+ passed, [1-9]\d* failed$/)
      expect(
        existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
      ).to.equal(false)
    })
  }
})
