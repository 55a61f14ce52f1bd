import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { Socket, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { cuttable } from './cuttable.fake.ts'
import { freePort, startLoopbackSshd, needsSshd } from './loopback-sshd.fake.ts'
import type { LoopbackSshd } from './loopback-sshd.fake.ts'
import { failure, firstOutput, remoteContract, until } from './remote-contract.fake.ts'
import { connectSsh } from './ssh-remote.ts'
import { sh } from '../script.ts'

describe('ssh remote', function () {
  this.timeout(30_000)
  let sshd: LoopbackSshd

  needsSshd()
  before(async () => {
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

    it('has text compressed, where the host does that', async () => {
      const words = readFileSync(new URL('../observe/observe.pl', import.meta.url))
      const passed = async (settings: string[]): Promise<number> => {
        await using other = await startLoopbackSshd(settings)
        await using wire = await cuttable(other.target.port)
        await using remote = await connectSsh({ ...other.target, port: wire.port })
        const { stdout } = await remote.exec(sh`cat`, { input: words })
        expect(stdout).to.equal(words.toString())
        return wire.passed()
      }
      const [plain, compressed] = [await passed(['Compression no']), await passed([])]
      expect(plain).to.be.above(2 * words.length)
      expect(compressed).to.be.below(plain / 2)
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

  describe('as every Remote', () => {
    remoteContract({
      connect: () => connectSsh(sshd.target),
      isAlive: async (pid) => isAlive(pid),
      commandLines: async () => commandLines(),
      folder: () => sshd.folder,
    })
  })

  it('says when only a leftover holds the outputs', async () => {
    await using remote = await connectSsh(sshd.target)
    const error = await failure(remote.exec(sh`sleep 62 & echo $!`, { timeoutMs: 2_000 }))
    process.kill(Number(error.message.match(/last output: (\d+)/)?.[1]), 'SIGKILL')
    expect(error.message).to.contain('held its outputs open').and.to.contain('redirect the outputs')
  })

  describe('when the connection drops', () => {
    for (const stdin of ['lifeline', 'pipe'] as const) {
      it(`ends the spawned process (${stdin}) and says so`, async () => {
        await using wire = await cuttable(sshd.target.port)
        await using dropped = await connectSsh({ ...sshd.target, port: wire.port })
        const process = await dropped.spawn(sh`echo $$; exec sleep 60`, { stdin })
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
      const running = failure(dropped.exec(sh`echo $$ >${file}; sleep 60`))
      await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '')
      wire.cut()
      expect(await running).to.include({ code: 'SSH_LOST', mayHaveStarted: true })
      await until(() => !isAlive(Number(readFileSync(file, 'utf8'))))
      expect(await failure(dropped.exec(sh`true`))).to.include({ code: 'SSH_LOST', mayHaveStarted: false })
    })

    it('notices a host that fell silent', async () => {
      await using wire = await cuttable(sshd.target.port)
      await using silent = await connectSsh({ ...sshd.target, port: wire.port, keepaliveIntervalMs: 50 })
      const running = failure(silent.exec(sh`sleep 60`))
      wire.mute()
      const error = await running
      expect(error.code).to.equal('SSH_LOST')
      expect(error.message).to.contain('Keepalive timeout')
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
      Array.from({ length: 12 }, (_, i) => limited.exec(sh`sleep 0.05; echo ${i}`)),
    )
    expect(results.map((result) => Number(result.stdout))).to.deep.equal(
      Array.from({ length: 12 }, (_, i) => i),
    )
  })
})

/** A zombie nobody collects is dead too. */
function isAlive(pid: number): boolean {
  expect(pid).to.be.greaterThan(1)
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function commandLines(): string[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) ? [readFileSync(`/proc/${name}/cmdline`, 'latin1')] : []
    } catch {
      return []
    }
  })
}

function lengthPrefixed(value: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(value.length)
  return Buffer.concat([length, Buffer.from(value)])
}
