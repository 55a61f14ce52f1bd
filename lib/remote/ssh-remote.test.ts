import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { Socket, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { expect } from 'chai'
import { cuttable } from './cuttable.fake.ts'
import { freePort, startLoopbackSshd, whyNoSshd } from './loopback-sshd.fake.ts'
import type { LoopbackSshd } from './loopback-sshd.fake.ts'
import { RemoteError } from './remote-error.ts'
import type { Remote } from './remote.ts'
import { connectSsh } from './ssh-remote.ts'

describe('ssh remote', function () {
  this.timeout(30_000)
  let sshd: LoopbackSshd
  let remote: Remote

  before(async function () {
    const why = whyNoSshd()
    if (why !== undefined) {
      this.test?.parent?.suites.forEach((suite) => (suite.pending = true))
      console.log(`      skipped: ${why}`)
      return this.skip()
    }
    sshd = await startLoopbackSshd()
  })
  after(async () => sshd?.[Symbol.asyncDispose]())

  describe('connecting', () => {
    it('refuses a host with another key than the pinned one, and says both', async () => {
      const hostKey = readFileSync(join(sshd.folder, 'other.pub'), 'utf8')
      const error = await failure(connectSsh({ ...sshd.target, hostKey }))
      expect(error.code).to.equal('SSH_HOST_KEY')
      expect(error.message).to.match(/expected: SHA256:\S{43}\n {2}observed: SHA256:\S{43}\n/)
    })

    it('refuses a pinned key that is none', async () => {
      const error = await connectSsh({ ...sshd.target, hostKey: 'ssh-ed25519 AAAA' }).catch((e: unknown) => e)
      expect(error).to.have.property('code', 'SSH_HOST_KEY_FORMAT')
    })

    it('refuses a host that has no key of the pinned type', async () => {
      const blob = Buffer.concat([lengthPrefixed('ecdsa-sha2-nistp256'), randomBytes(80)])
      const hostKey = `ecdsa-sha2-nistp256 ${blob.toString('base64')}`
      const error = await failure(connectSsh({ ...sshd.target, hostKey }))
      expect(error.code).to.equal('SSH_HOST_KEY')
      expect(error.message).to.contain('it offers no ecdsa-sha2-nistp256 key')
    })

    it('says that the login was refused', async () => {
      const privateKey = readFileSync(join(sshd.folder, 'other'))
      const error = await failure(connectSsh({ ...sshd.target, privateKey }))
      expect(error.code).to.equal('SSH_AUTH')
      expect(error.message).to.contain(`cannot log in as ${sshd.target.username} at 127.0.0.1:`)
    })

    it('turns off waiting for full packets, which would cost each command 40 ms', async () => {
      const original = Object.getOwnPropertyDescriptor(Socket.prototype, 'setNoDelay') ?? {}
      const calls: unknown[] = []
      Socket.prototype.setNoDelay = function (this: Socket, on?: boolean) {
        calls.push(on)
        return (original.value as Socket['setNoDelay']).call(this, on)
      }
      try {
        await (await connectSsh(sshd.target))[Symbol.asyncDispose]()
      } finally {
        Object.defineProperty(Socket.prototype, 'setNoDelay', original)
      }
      expect(calls).to.deep.equal([true])
    })

    it('says that nothing listens', async () => {
      const port = await freePort()
      const error = await failure(connectSsh({ ...sshd.target, port }))
      expect(error.code).to.equal('SSH_CONNECT')
      expect(error.message).to.match(
        new RegExp(
          `^no SSH connection to 127.0.0.1:${port} \\(on loopback\\)\n.*\n {2}observed: connect ECONNREFUSED .*\n` +
            ' {2}do next: {2}nothing listens there',
        ),
      )
    })

    it('gives up on a server that never speaks, on one that hangs up, and when told to', async () => {
      const sockets = new Set<Socket>()
      const mute = createServer((socket) => sockets.add(socket.on('error', () => undefined)))
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
      const { port } = mute.address() as AddressInfo
      const target = { ...sshd.target, port }
      const timedOut = await failure(connectSsh({ ...target, connectTimeoutMs: 200 }))
      expect(timedOut.message).to.contain('Timed out')
      const aborter = new AbortController()
      const pending = failure(connectSsh({ ...target, signal: aborter.signal }))
      aborter.abort()
      expect((await pending).message).to.contain('aborted')
      mute.on('connection', (socket: Socket) => socket.end('SSH-2.0-x\r\n'))
      expect((await failure(connectSsh(target))).code).to.equal('SSH_CONNECT')
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => mute.close(resolve))
    })
  })

  describe('exec', () => {
    before(async () => (remote = await connectSsh(sshd.target)))
    after(async () => remote[Symbol.asyncDispose]())

    it('gives outputs and exit code; a non-zero exit is a result', async () => {
      const result = await remote.exec('printf out; printf err >&2; exit 7')
      expect(result).to.include({ stdout: 'out', stderr: 'err', exitCode: 7 })
      expect(result.durationMs).to.be.greaterThan(0)
    })

    it('names the signal that ended a command', async () => {
      expect(await remote.exec('kill -TERM $$')).to.include({ exitCode: -1, signal: 'SIGTERM' })
    })

    it('passes quotes, dollars, newlines and non-ASCII text unchanged', async () => {
      const strange = `it's "$HOME" \\ \`x\` ü\n!`
      expect((await remote.exec(`cat <<'END'\n${strange}\nEND`)).stdout).to.equal(`${strange}\n`)
    })

    it('gives input, whole, and an empty input as end of file', async () => {
      const input = randomBytes(3_000_000)
      const { stdout } = await remote.exec('sha256sum; wc -c </dev/stdin', { input })
      const { createHash } = await import('node:crypto')
      expect(stdout).to.contain(createHash('sha256').update(input).digest('hex'))
      expect((await remote.exec('cat; echo end', { input: '' })).stdout).to.equal('end\n')
      expect((await remote.exec('cat; echo end')).stdout).to.equal('end\n')
    })

    it('takes 20 MB whole, with another stream beside it', async () => {
      const { stdout, stderr } = await remote.exec(
        'head -c 20000000 /dev/zero | tr "\\0" x; head -c 3000000 /dev/zero | tr "\\0" y >&2',
      )
      expect(stdout.length).to.equal(20_000_000)
      expect(stderr.length).to.equal(3_000_000)
      expect(/^x*$/.test(stdout) && /^y*$/.test(stderr)).to.equal(true)
    })

    it('runs 40 commands at once, more than sshd allows sessions', async () => {
      const commands = Array.from({ length: 40 }, (_, i) => remote.exec(`sleep 0.05; echo ${i}`))
      const outputs = (await Promise.all(commands)).map((result) => Number(result.stdout))
      expect(outputs).to.deep.equal(Array.from({ length: 40 }, (_, i) => i))
    })

    it('misses no exit of a command that ends at once', async () => {
      for (let round = 0; round < 20; round += 1) {
        const results = await Promise.all(Array.from({ length: 10 }, () => remote.exec('exit 4')))
        expect(results.map(({ exitCode }) => exitCode)).to.deep.equal(Array.from({ length: 10 }, () => 4))
      }
    })

    it('leaves what was put into the background on purpose alone', async () => {
      const pid = Number((await remote.exec('sleep 60 >/dev/null 2>&1 & echo $!')).stdout)
      await remote.exec('true')
      expect(isAlive(pid)).to.equal(true)
      process.kill(pid, 'SIGKILL')
    })

    it('ends the whole process group on the time limit and quotes the last output', async () => {
      const command = 'echo begun $$; sleep 61 & echo $!; sleep 60; echo never'
      const error = await failure(remote.exec(command, { timeoutMs: 2_000 }))
      expect(error.code).to.equal('REMOTE_TIMEOUT')
      expect(error.message).to.match(/exceeded its time limit of 2 s.*\n {2}observed: last output: begun/)
      const pids =
        error.message
          .match(/begun (\d+)\s+(\d+)/)
          ?.slice(1)
          .map(Number) ?? []
      expect(pids).to.have.lengthOf(2)
      await until(() => !pids.some(isAlive))
    })

    it('kills on the time limit what ignores SIGINT', async () => {
      const command = `trap '' INT TERM; echo $$; while :; do sleep 0.1; done`
      const error = await failure(remote.exec(command, { timeoutMs: 2_000 }))
      await until(() => !isAlive(Number(error.message.match(/last output: (\d+)/)?.[1])))
    })

    it('says when only a leftover holds the outputs', async () => {
      const error = await failure(remote.exec('sleep 62 & echo $!', { timeoutMs: 2_000 }))
      process.kill(Number(error.message.match(/last output: (\d+)/)?.[1]), 'SIGKILL')
      expect(error.message).to.contain('held its outputs open').and.to.contain('redirect the outputs')
    })

    it('refuses a command too long for the host, and takes it as input', async () => {
      const long = `echo ${'x'.repeat(110_000)}`
      expect((await failure(remote.exec(long))).code).to.equal('REMOTE_COMMAND')
      const quoteHeavy = `: ${"'".repeat(24_000)}; echo ok`
      expect((await remote.exec(quoteHeavy)).stdout).to.equal('ok\n')
      expect((await remote.exec('sh -s', { input: long })).stdout.length).to.equal(110_001)
    })

    it('keeps secrets out of its messages', async () => {
      const error = await failure(remote.exec('echo SWMTKN-1-abc-def; sleep 9', { timeoutMs: 2_000 }))
      expect(error.message).to.contain('SWMTKN-(redacted)').and.not.to.contain('abc-def')
    })
  })

  describe('spawn', () => {
    before(async () => (remote = await connectSsh(sshd.target)))
    after(async () => remote[Symbol.asyncDispose]())

    it('streams every byte value unchanged', async () => {
      const content = randomBytes(1_000_000)
      const file = join(sshd.folder, 'random')
      writeFileSync(file, content)
      await using process = await remote.spawn(`cat ${file}`)
      expect((await buffer(process.stdout)).equals(content)).to.equal(true)
      expect(await process.exited).to.deep.equal({ exitCode: 0 })
    })

    it('interrupts on stop, keeps the output that was not read, and waits for the end', async () => {
      const process = await remote.spawn(
        `trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.05; done`,
      )
      await firstOutput(process.stdout)
      await Promise.all([process.stop(), process.stop()])
      expect(await text(process.stdout)).to.equal('ready\ninterrupted\n')
      expect(await process.exited).to.deep.equal({ exitCode: 3 })
    })

    it('stops a process whose output nobody reads', async () => {
      const process = await remote.spawn('exec cat /dev/zero')
      await firstOutput(process.stdout)
      await process.stop()
      expect((await process.exited).signal).to.equal('SIGINT')
    })

    it('does not take SIGINT from the command', async () => {
      const process = await remote.spawn('exec sleep 60')
      await process.stop()
      expect(await process.exited).to.deep.equal({ exitCode: -1, signal: 'SIGINT' })
    })

    it('carries input to a process that was spawned with a pipe, and ends it by the end of input', async () => {
      const process = await remote.spawn('while read -r line; do echo "got $line"; done; echo bye', {
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
      const process = await remote.spawn('cat', { stdin: 'pipe' })
      process.stdin.end(content)
      expect((await buffer(process.stdout)).equals(content)).to.equal(true)
    })

    it('ends a process that ignores the end of its input', async () => {
      const process = await remote.spawn('echo $$; exec sleep 60', { stdin: 'pipe' })
      const pid = Number(await firstOutput(process.stdout))
      await process.stop()
      expect(isAlive(pid)).to.equal(false)
    })

    it('fails a write to a process without input', async () => {
      const process = await remote.spawn('sleep 60')
      const error = await new Promise((resolve) => process.stdin.write('x', resolve))
      expect(error).to.have.property('message').that.contains("stdin: 'pipe'")
      await process.stop()
    })

    it('runs more processes than one connection carries, and commands beside them', async () => {
      const processes = await Promise.all(
        Array.from({ length: 12 }, () => remote.spawn('echo up; exec sleep 60')),
      )
      await Promise.all(processes.map((process) => firstOutput(process.stdout)))
      expect((await remote.exec('echo beside')).stdout).to.equal('beside\n')
      await Promise.all(processes.map((process) => process.stop()))
    })

    it('leaves no watcher and no temporary file behind', async () => {
      const mark = `mark-${randomBytes(6).toString('hex')}`
      await remote.exec(`: ${mark}`, { input: 'x' })
      const process = await remote.spawn(`: ${mark}; cat`, { stdin: 'pipe' })
      process.stdin.end()
      await process.exited
      await until(() => pidsWith(mark).length === 0)
    })
  })

  describe('when the connection drops', () => {
    for (const stdin of ['lifeline', 'pipe'] as const) {
      it(`ends the spawned process (${stdin}) and says so`, async () => {
        await using wire = await cuttable(sshd.target.port)
        await using dropped = await connectSsh({ ...sshd.target, port: wire.port })
        const process = await dropped.spawn('echo $$; exec sleep 60', { stdin })
        const pid = Number(await firstOutput(process.stdout))
        wire.cut()
        expect(await failure(process.exited)).to.include({ code: 'SSH_LOST', mayHaveStarted: true })
        await until(() => !isAlive(pid))
        expect(await failure(text(process.stdout))).to.have.property('code', 'SSH_LOST')
        await process.stop()
      })
    }

    it('ends the command that was running, and refuses further ones as never started', async () => {
      await using wire = await cuttable(sshd.target.port)
      await using dropped = await connectSsh({ ...sshd.target, port: wire.port })
      const file = join(sshd.folder, 'pid-of-exec')
      const running = failure(dropped.exec(`echo $$ >${file}; sleep 60`))
      await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '')
      wire.cut()
      expect(await running).to.include({ code: 'SSH_LOST', mayHaveStarted: true })
      await until(() => !isAlive(Number(readFileSync(file, 'utf8'))))
      expect(await failure(dropped.exec('true'))).to.include({ code: 'SSH_LOST', mayHaveStarted: false })
    })

    it('notices a host that fell silent', async () => {
      await using wire = await cuttable(sshd.target.port)
      await using silent = await connectSsh({ ...sshd.target, port: wire.port, keepaliveIntervalMs: 50 })
      const running = failure(silent.exec('sleep 60'))
      wire.mute()
      const error = await running
      expect(error.code).to.equal('SSH_LOST')
      expect(error.message).to.contain('Keepalive timeout')
    })

    it('ends everything on disposal, and refuses use after it', async () => {
      const disposed = await connectSsh(sshd.target)
      const process = await disposed.spawn('echo $$; exec sleep 60')
      const pid = Number(await firstOutput(process.stdout))
      const running = failure(disposed.exec('sleep 60'))
      await disposed[Symbol.asyncDispose]()
      expect(isAlive(pid)).to.equal(false)
      expect((await running).code).to.equal('REMOTE_CLOSED')
      expect((await failure(disposed.exec('true'))).code).to.equal('REMOTE_CLOSED')
    })
  })

  describe('files', () => {
    before(async () => (remote = await connectSsh(sshd.target)))
    after(async () => remote[Symbol.asyncDispose]())

    it('come back as they went, with their mode, in folders that were not there', async () => {
      const path = join(sshd.folder, "a b/it's/file")
      const content = randomBytes(2_000_000)
      await remote.upload(content, path, 0o751)
      expect((await remote.download(path)).equals(content)).to.equal(true)
      expect(statSync(path).mode & 0o777).to.equal(0o751)
      await remote.upload('second', path)
      expect((await remote.download(path)).toString()).to.equal('second')
      expect(statSync(path).mode & 0o777).to.equal(0o600)
      await remote.upload('', path)
      expect((await remote.download(path)).length).to.equal(0)
      expect(readdirSync(join(sshd.folder, "a b/it's"))).to.deep.equal(['file'])
    })

    it('that cannot be read or written are named', async () => {
      const missing = await failure(remote.download('/nowhere/file'))
      expect(missing.message).to.match(
        /^cannot read \/nowhere\/file \(on loopback\)\n {2}observed: .*(No such file|nonexistent)/,
      )
      const folder = join(sshd.folder, 'folder')
      await remote.exec(`mkdir -p ${folder}`)
      const refused = await failure(remote.upload('x', folder))
      expect(refused.code).to.equal('REMOTE_FILE')
      expect(readdirSync(sshd.folder).filter((name) => name.startsWith('.folder'))).to.deep.equal([])
    })
  })

  it('begins few handshakes at once, or sshd would refuse some', async () => {
    // It refuses the ninth that is not logged in yet; half of all were refused without a limit.
    await using strict = await startLoopbackSshd(['MaxStartups 8:100:8'])
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => connectSsh(strict.target)))
    const remotes = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    await Promise.all(remotes.map((one) => one[Symbol.asyncDispose]()))
    expect(remotes).to.have.lengthOf(40)
  })

  it('asks again where sshd allows fewer sessions than we use', async () => {
    await using strict = await startLoopbackSshd(['MaxSessions 2'])
    await using limited = await connectSsh(strict.target)
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => limited.exec(`sleep 0.05; echo ${i}`)),
    )
    expect(results.map((result) => Number(result.stdout))).to.deep.equal(
      Array.from({ length: 12 }, (_, i) => i),
    )
  })
})

async function failure(promise: Promise<unknown>): Promise<RemoteError> {
  const outcome = await promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  )
  expect(outcome).to.be.instanceOf(RemoteError)
  return outcome as RemoteError
}

async function firstOutput(stream: NodeJS.ReadableStream): Promise<string> {
  const chunk = await new Promise<Buffer>((resolve) => {
    stream.once('data', (data: Buffer) => {
      stream.pause()
      stream.unshift(data)
      resolve(data)
    })
  })
  return chunk.toString('utf8')
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 12_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come true within 12 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A zombie nobody collects is dead too. */
function isAlive(pid: number): boolean {
  expect(pid).to.be.greaterThan(1)
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function pidsWith(mark: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(mark)
    } catch {
      return false
    }
  })
}

function lengthPrefixed(value: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(value.length)
  return Buffer.concat([length, Buffer.from(value)])
}
