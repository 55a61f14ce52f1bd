import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { exampleVerdict } from '../conformance/verdict.fake.ts'
import { printable } from '../printable.ts'
import { nonConformantRun } from '../report/fixtures/example-runs.fake.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** What somebody else says: a title, a cleared screen, colours, and commands of a workflow at starts of lines. */
const said =
  'go away \u001b]0;PWNED\u0007\u001b[2J\u001b[31m\n::error title=forged::forged\n  ::add-mask::e\n::stop-commands::x\n##[warning]v1\rover\u009b1m'

/** As the runner reads a line; see ActionCommand of actions/runner. */
function isCommand(line: string): boolean {
  return line.trim().startsWith('::') || line.includes('##[')
}

describe('text of others on the command line', function () {
  this.timeout(120_000)
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-hostile-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  const run = async (...words: string[]): Promise<{ code: number | null; out: string; err: string }> => {
    const script = `import { runCommandLine } from './lib/cli/main.ts'\nawait runCommandLine(process.argv.slice(1))`
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script, '--', ...words],
      {
        cwd: root,
        env: { ...process.env, HOME: folder, JAVA_HOME: '/nowhere', GITHUB_ACTIONS: 'true' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, out, err }
  }

  const expectHarmless = (text: string): void => {
    expect(printable(text)).to.equal(text)
    expect(text.split('\n').filter(isCommand)).to.deep.equal([])
  }

  it('is shown as text when a server says it before its host key is known', async () => {
    mkdirSync(join(folder, '.ssh'))
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(Buffer.concat([Buffer.from('SSH-2.0-OpenSSH_9.9\r\n'), disconnectPacket(said)]))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      for (const command of ['validate', 'doctor']) {
        const words = command === 'validate' ? ['--dry-run'] : []
        const { out, err } = await run(command, `ops@127.0.0.1:${port}`, ...words)
        expect(`${out}${err}`, command).to.contain('PWNED')
        expectHarmless(out)
        expectHarmless(err)
      }
    } finally {
      server.close()
    }
  })

  it('is shown as text when a stored run holds it', async () => {
    const record = structuredClone(nonConformantRun())
    for (const requirement of record.requirements.slice(0, 4)) {
      requirement.verdict = exampleVerdict('fail', said)
    }
    record.failures.push({ step: said, host: said, message: said, log: [said] })
    record.steps.push({
      what: said,
      startedAt: record.startedAt,
      durationMs: 1,
      outcome: 'failed',
      detail: said,
    })
    record.findings.push({
      ...{ code: said, severity: 'cause', title: said, cause: said, remedy: [said], explains: [] },
      ...{
        nodes: [said],
        pairs: [{ from: said, to: said }],
        networks: [said],
        proof: [said],
        knownIssues: [said],
      },
    })
    record.leftovers = [{ host: said, what: said, remove: said }]
    const stored = { ...record, reproduce: said, swarmproofVersion: said }
    const reports = join(folder, 'reports')
    mkdirSync(join(reports, 'hostile'), { recursive: true })
    writeFileSync(join(reports, 'hostile', 'run.json'), JSON.stringify(stored))
    for (const words of [
      ['merge', 'hostile'],
      ['merge', 'hostile', '--json'],
      ['report', 'hostile'],
      ['history', 'add', 'hostile'],
      ['history', 'show'],
      ['history', 'show', '--json'],
    ]) {
      const { out, err } = await run(...words, '--report-dir', reports)
      expect(out.length, words.join(' ')).to.be.above(20)
      if (words[0] === 'merge') expect(out).to.contain('PWNED')
      expectHarmless(out)
      expectHarmless(err)
    }
    const { out, code } = await run('report', 'hostile', '--github', '--report-dir', reports)
    expect(code).to.equal(0)
    const commands = out.split('\n').filter(isCommand)
    expect(commands.length).to.be.above(3)
    for (const line of commands) expect(line).to.match(/^::(error|warning|notice) (file=[^:]*,)?.*title=/)
    expect(printable(out)).to.equal(out)
  })
})

/** SSH_MSG_DISCONNECT (RFC 4253, 11.1) in a packet that is not yet encrypted (RFC 4253, 6). */
function disconnectPacket(description: string): Buffer {
  const text = Buffer.from(description)
  const payload = Buffer.alloc(1 + 4 + 4 + text.length + 4)
  payload.writeUInt8(1, 0)
  payload.writeUInt32BE(2, 1)
  payload.writeUInt32BE(text.length, 5)
  text.copy(payload, 9)
  const short = 8 - ((payload.length + 5) % 8)
  const padding = short < 4 ? short + 8 : short
  const packet = Buffer.alloc(5 + payload.length + padding)
  packet.writeUInt32BE(payload.length + padding + 1, 0)
  packet.writeUInt8(padding, 4)
  payload.copy(packet, 5)
  return packet
}
