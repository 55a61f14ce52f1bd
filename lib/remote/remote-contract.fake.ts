import { createHash, randomBytes } from 'node:crypto'
import { buffer, text } from 'node:stream/consumers'
import { expect } from 'chai'
import { RemoteError } from './remote-error.ts'
import type { Remote } from './remote.ts'
import { sh } from '../script.ts'

/** What the tests need to know of the hosts a transport leads to. */
export interface RemoteUnderTest {
  connect(): Promise<Remote>
  /** Whether a process of the host lives, asked past the Remote under test. A zombie is dead. */
  isAlive(pid: number): Promise<boolean>
  /** Command lines of the host's processes, asked past the Remote under test. */
  commandLines(): Promise<readonly string[]>
  /** A folder of the host that may be written to. */
  folder(): string
}

/** What every Remote must do, whatever carries it. To be called within a `describe`. */
export function remoteContract(host: RemoteUnderTest): void {
  let remote: Remote
  before(async () => (remote = await host.connect()))
  after(async () => remote?.[Symbol.asyncDispose]())

  describe('exec', () => {
    it('gives outputs and exit code; a non-zero exit is a result', async () => {
      const result = await remote.exec(sh`printf out; printf err >&2; exit 7`)
      expect(result).to.include({ stdout: 'out', stderr: 'err', exitCode: 7 })
      expect(result.durationMs).to.be.greaterThan(0)
    })

    it('names the signal that ended a command', async () => {
      expect(await remote.exec(sh`kill -TERM $$`)).to.include({ exitCode: -1, signal: 'SIGTERM' })
    })

    it('passes quotes, dollars, newlines and non-ASCII text unchanged', async () => {
      const strange = `it's "$HOME" \\ \`x\` ü\n!`
      expect((await remote.exec(sh`printf '%s\n' ${strange}`)).stdout).to.equal(`${strange}\n`)
    })

    it('gives input, whole, and an empty input as end of file', async () => {
      const input = randomBytes(3_000_000)
      const { stdout } = await remote.exec(sh`sha256sum; wc -c </dev/stdin`, { input })
      expect(stdout).to.contain(createHash('sha256').update(input).digest('hex'))
      expect((await remote.exec(sh`cat; echo end`, { input: '' })).stdout).to.equal('end\n')
      expect((await remote.exec(sh`cat; echo end`)).stdout).to.equal('end\n')
    })

    it('takes 20 MB whole, with another stream beside it', async () => {
      const { stdout, stderr } = await remote.exec(
        sh`head -c 20000000 /dev/zero | tr "\\0" x; head -c 3000000 /dev/zero | tr "\\0" y >&2`,
      )
      expect(stdout.length).to.equal(20_000_000)
      expect(stderr.length).to.equal(3_000_000)
      expect(/^x*$/.test(stdout) && /^y*$/.test(stderr)).to.equal(true)
    })

    it('runs 40 commands at once', async () => {
      const commands = Array.from({ length: 40 }, (_, i) => remote.exec(sh`sleep 0.05; echo ${i}`))
      const outputs = (await Promise.all(commands)).map((result) => Number(result.stdout))
      expect(outputs).to.deep.equal(Array.from({ length: 40 }, (_, i) => i))
    })

    it('misses no exit of a command that ends at once', async () => {
      for (let round = 0; round < 10; round += 1) {
        const results = await Promise.all(Array.from({ length: 10 }, () => remote.exec(sh`exit 4`)))
        expect(results.map(({ exitCode }) => exitCode)).to.deep.equal(Array.from({ length: 10 }, () => 4))
      }
    })

    it('leaves what was put into the background on purpose alone', async () => {
      const pid = Number((await remote.exec(sh`sleep 60 >/dev/null 2>&1 & echo $!`)).stdout)
      await remote.exec(sh`true`)
      expect(await host.isAlive(pid)).to.equal(true)
      await remote.exec(sh`kill -KILL ${pid}`)
    })

    it('ends the whole process group on the time limit and quotes the last output', async () => {
      const command = sh`echo begun $$; sleep 61 & echo $!; sleep 60; echo never`
      const error = await failure(remote.exec(command, { timeoutMs: 2_000 }))
      expect(error.code).to.equal('REMOTE_TIMEOUT')
      expect(error.message).to.match(/exceeded its time limit of 2 s.*\n {2}observed: last output: begun/)
      const pids = /begun (\d+)\s+(\d+)/.exec(error.message)?.slice(1).map(Number) ?? []
      expect(pids).to.have.lengthOf(2)
      for (const pid of pids) await until(async () => !(await host.isAlive(pid)))
    })

    it('kills on the time limit what ignores SIGINT', async () => {
      const command = sh`trap '' INT TERM; echo $$; while :; do sleep 0.1; done`
      const error = await failure(remote.exec(command, { timeoutMs: 2_000 }))
      const pid = Number(/last output: (\d+)/.exec(error.message)?.[1])
      await until(async () => !(await host.isAlive(pid)))
    })

    it('ends a command, and a transfer, that never stops printing', async () => {
      // By a name of its own: other tests read /dev/zero, too.
      const endless = `${host.folder()}/endless-${randomBytes(6).toString('hex')}`
      expect(
        (await remote.exec(sh`mkdir -p ${host.folder()} && ln -s /dev/zero ${endless}`)).exitCode,
      ).to.equal(0)
      const error = await failure(remote.exec(sh`echo $$ >&2; exec cat ${endless}`))
      expect(error).to.have.property('code', 'REMOTE_OUTPUT')
      expect(error.message).to.contain(`at most ${64 * 1024 * 1024} bytes`)
      expect(await failure(remote.download(endless))).to.have.property('code', 'REMOTE_OUTPUT')
      await until(async () => {
        const { stdout } = await remote.exec(sh`ps -eo args= || cat /proc/[0-9]*/cmdline`)
        return !stdout.includes(`cat ${endless}`)
      })
      await until(async () => !(await host.commandLines()).some((line) => line.includes(endless)))
    })

    it('refuses a command too long for the host, and takes it as input', async () => {
      const long = sh`echo ${'x'.repeat(110_000)}`
      expect((await failure(remote.exec(long))).code).to.equal('REMOTE_COMMAND')
      const quoteHeavy = sh`: ${"'".repeat(6_000)}; echo ok`
      expect((await remote.exec(quoteHeavy)).stdout).to.equal('ok\n')
      // Short enough by itself, too long with its quotes.
      const quoted = sh`: ${"'".repeat(20_000)}`
      expect((await failure(remote.exec(quoted))).code).to.equal('REMOTE_COMMAND')
      expect((await remote.exec(sh`sh -s`, { input: long.text })).stdout.length).to.equal(110_001)
    })

    it('keeps secrets out of its messages', async () => {
      const error = await failure(remote.exec(sh`echo SWMTKN-1-abc-def; sleep 9`, { timeoutMs: 2_000 }))
      expect(error.message).to.contain('SWMTKN-(redacted)').and.not.to.contain('abc-def')
    })
  })

  describe('spawn', () => {
    it('streams every byte value unchanged', async () => {
      const content = randomBytes(1_000_000)
      const file = `${host.folder()}/random`
      await remote.upload(content, file)
      await using process = await remote.spawn(sh`cat ${file}`)
      expect((await buffer(process.stdout)).equals(content)).to.equal(true)
      expect(await process.exited).to.deep.equal({ exitCode: 0 })
    })

    it('interrupts on stop, keeps the output that was not read, and waits for the end', async () => {
      const process = await remote.spawn(
        sh`trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.05; done`,
      )
      await firstOutput(process.stdout)
      await Promise.all([process.stop(), process.stop()])
      expect(await text(process.stdout)).to.equal('ready\ninterrupted\n')
      expect(await process.exited).to.deep.equal({ exitCode: 3 })
    })

    it('stops a process whose output nobody reads', async () => {
      const process = await remote.spawn(sh`exec cat /dev/zero`)
      await firstOutput(process.stdout)
      await process.stop()
      expect((await process.exited).signal).to.equal('SIGINT')
    })

    it('does not take SIGINT from the command', async () => {
      const process = await remote.spawn(sh`exec sleep 60`)
      await process.stop()
      expect(await process.exited).to.deep.equal({ exitCode: -1, signal: 'SIGINT' })
    })

    it('carries input to a process that was spawned with a pipe, and ends it by the end of input', async () => {
      const process = await remote.spawn(sh`while read -r line; do echo "got $line"; done; echo bye`, {
        stdin: 'pipe',
      })
      process.stdin.write('a\n')
      await firstOutput(process.stdout)
      process.stdin.end('b\n')
      expect(await text(process.stdout)).to.equal('got a\ngot b\nbye\n')
      expect((await process.exited).exitCode).to.equal(0)
    })

    it('carries large binary input both ways', async () => {
      const content = randomBytes(5_000_000)
      const process = await remote.spawn(sh`cat`, { stdin: 'pipe' })
      process.stdin.end(content)
      expect((await buffer(process.stdout)).equals(content)).to.equal(true)
    })

    it('ends a process that ignores the end of its input', async () => {
      const process = await remote.spawn(sh`echo $$; exec sleep 60`, { stdin: 'pipe' })
      const pid = Number(await firstOutput(process.stdout))
      await process.stop()
      expect(await host.isAlive(pid)).to.equal(false)
    })

    it('fails a write to a process without input', async () => {
      const process = await remote.spawn(sh`sleep 60`)
      const error = await new Promise((resolve) => process.stdin.write('x', resolve))
      expect(error).to.have.property('message').that.contains("stdin: 'pipe'")
      await process.stop()
    })

    it('runs a dozen processes, and commands beside them', async () => {
      const processes = await Promise.all(
        Array.from({ length: 12 }, () => remote.spawn(sh`echo up; exec sleep 60`)),
      )
      await Promise.all(processes.map((process) => firstOutput(process.stdout)))
      expect((await remote.exec(sh`echo beside`)).stdout).to.equal('beside\n')
      await Promise.all(processes.map((process) => process.stop()))
    })

    it('leaves no watcher and no temporary file behind', async () => {
      const mark = `mark-${randomBytes(6).toString('hex')}`
      await remote.exec(sh`: ${mark}`, { input: 'x' })
      const process = await remote.spawn(sh`: ${mark}; cat`, { stdin: 'pipe' })
      process.stdin.end()
      await process.exited
      await until(async () => !(await host.commandLines()).some((line) => line.includes(mark)))
    })
  })

  describe('disposal', () => {
    it('ends everything, and refuses use after it', async () => {
      const disposed = await host.connect()
      const process = await disposed.spawn(sh`echo $$; exec sleep 60`)
      const pid = Number(await firstOutput(process.stdout))
      const running = failure(disposed.exec(sh`sleep 60`))
      await disposed[Symbol.asyncDispose]()
      expect(await host.isAlive(pid)).to.equal(false)
      expect((await running).code).to.equal('REMOTE_CLOSED')
      expect((await failure(disposed.exec(sh`true`))).code).to.equal('REMOTE_CLOSED')
    })
  })

  describe('files', () => {
    it('come back as they went, with their mode, in folders that were not there', async () => {
      const folder = `${host.folder()}/a b/it's`
      const mode = async (): Promise<string> =>
        (await remote.exec(sh`stat -c %a ${`${folder}/file`}`)).stdout.trim()
      const content = randomBytes(2_000_000)
      await remote.upload(content, `${folder}/file`, 0o751)
      expect((await remote.download(`${folder}/file`)).equals(content)).to.equal(true)
      expect(await mode()).to.equal('751')
      await remote.upload('second', `${folder}/file`)
      expect((await remote.download(`${folder}/file`)).toString()).to.equal('second')
      expect(await mode()).to.equal('600')
      await remote.upload('', `${folder}/file`)
      expect((await remote.download(`${folder}/file`)).length).to.equal(0)
      expect((await remote.exec(sh`ls -A ${folder}`)).stdout).to.equal('file\n')
    })

    it('that cannot be read or written are named', async () => {
      const missing = await failure(remote.download('/nowhere/file'))
      expect(missing.code).to.equal('REMOTE_FILE')
      expect(missing.message).to.match(
        /^cannot read \/nowhere\/file \(on \S+\)\n {2}observed: .*([Nn]o such file|nonexistent)/,
      )
      const folder = `${host.folder()}/folder`
      await remote.exec(sh`mkdir -p ${folder}`)
      const refused = await failure(remote.upload('x', folder))
      expect(refused.code).to.equal('REMOTE_FILE')
      expect((await remote.exec(sh`ls -A ${host.folder()}`)).stdout).not.to.contain('.folder')
    })
  })
}

/** The RemoteError it must fail with. */
export async function failure(promise: Promise<unknown>): Promise<RemoteError> {
  const outcome = await promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  )
  expect(outcome).to.be.instanceOf(RemoteError)
  return outcome as RemoteError
}

/** The first piece of output, which stays to be read. */
export async function firstOutput(stream: NodeJS.ReadableStream): Promise<string> {
  const chunk = await new Promise<Buffer>((resolve, reject) => {
    const ended = (): void => reject(new Error('it ended without any output'))
    stream.once('end', ended)
    stream.once('data', (data: Buffer) => {
      stream.off('end', ended)
      stream.pause()
      stream.unshift(data)
      resolve(data)
    })
  })
  return chunk.toString('utf8')
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 12_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come true within 12 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
