import { expect } from 'chai'
import { FakeRemote } from './fake-remote.ts'
import { startLoopbackSshd, whyNoSshd } from './loopback-sshd.fake.ts'
import { RemoteError } from './remote-error.ts'
import type { RemoteErrorCode } from './remote-error.ts'
import { retryingRemote } from './retrying-remote.ts'
import { connectSsh } from './ssh-remote.ts'
import { sh } from '../script.ts'

const quick = { attempts: 3, firstWaitMs: 1 }

function broken(code: RemoteErrorCode, mayHaveStarted: boolean): FakeRemote {
  const error = new RemoteError({ code, host: 'a', what: code, mayHaveStarted })
  return new FakeRemote('a').answer(/./, { error })
}

/** Connects to each Remote in turn; an error in the list is a failed connect. */
function inTurn(...list: (FakeRemote | Error)[]) {
  const state = { connects: 0 }
  const connect = async (): Promise<FakeRemote> => {
    const next = list[Math.min(state.connects, list.length - 1)]
    state.connects += 1
    if (next instanceof FakeRemote) return next
    throw next ?? new Error('empty list')
  }
  return { connect, state }
}

describe('retrying remote', () => {
  const good = (): FakeRemote => new FakeRemote('a').answer(/./, 'fine')
  const refused = new RemoteError({ code: 'SSH_CONNECT', host: 'a', what: 'refused' })

  it('connects when first used, once for all', async () => {
    const { connect, state } = inTurn(good())
    const remote = retryingRemote('a', connect, quick)
    expect(state.connects).to.equal(0)
    await Promise.all([remote.exec(sh`1`), remote.exec(sh`2`), remote.exec(sh`3`)])
    expect(state.connects).to.equal(1)
  })

  it('uses a connection that stands already, and another one only when that is lost', async () => {
    const { connect, state } = inTurn(good())
    const standing = new FakeRemote('a').answer(/1/, 'first').answer(/2/, {
      error: new RemoteError({ code: 'SSH_LOST', host: 'a', what: 'lost' }),
    })
    const remote = retryingRemote('a', connect, { ...quick, connected: standing })
    expect((await remote.exec(sh`1`)).stdout).to.equal('first')
    expect(state.connects).to.equal(0)
    expect((await remote.exec(sh`2`)).stdout).to.equal('fine')
    expect([state.connects, standing.disposed]).to.deep.equal([1, true])
    const unused = new FakeRemote('a')
    await retryingRemote('a', connect, { connected: unused })[Symbol.asyncDispose]()
    expect(unused.disposed).to.equal(true)
  })

  it('repeats failed connects, and tells of them', async () => {
    const told: string[] = []
    const { connect } = inTurn(refused, refused, good())
    const onRetry = (error: RemoteError, attempt: number): number => told.push(`${error.code} ${attempt}`)
    const remote = retryingRemote('a', connect, { ...quick, onRetry })
    expect((await remote.exec(sh`x`)).stdout).to.equal('fine')
    expect(told).to.deep.equal(['SSH_CONNECT 1', 'SSH_CONNECT 2'])
  })

  it('gives up after its attempts with the last error', async () => {
    const { connect, state } = inTurn(refused)
    const error = await retryingRemote('a', connect, quick)
      .exec(sh`x`)
      .catch((e: unknown) => e)
    expect(error).to.equal(refused)
    expect(state.connects).to.equal(3)
  })

  it('repeats a command that never started on a new connection, and disposes the lost one', async () => {
    const lost = broken('SSH_LOST', false)
    const remote = retryingRemote('a', inTurn(lost, good()).connect, quick)
    expect((await remote.exec(sh`x`)).stdout).to.equal('fine')
    expect(lost.disposed).to.equal(true)
  })

  it('does not repeat a command that may have run, unless it is idempotent', async () => {
    const { connect } = inTurn(broken('SSH_LOST', true), good())
    const error = await retryingRemote('a', connect, quick)
      .exec(sh`x`)
      .catch((e: unknown) => e)
    expect(error).to.have.property('code', 'SSH_LOST')
    const again = retryingRemote('a', inTurn(broken('SSH_LOST', true), good()).connect, quick)
    expect((await again.exec(sh`x`, { idempotent: true })).stdout).to.equal('fine')
  })

  it('never repeats a non-zero exit, a time limit, a refused key or a disposed Remote', async () => {
    const failing = new FakeRemote('a').answer(/./, { exitCode: 9 })
    expect((await retryingRemote('a', inTurn(failing).connect, quick).exec(sh`x`)).exitCode).to.equal(9)
    expect(failing.commands).to.have.lengthOf(1)
    for (const code of ['REMOTE_TIMEOUT', 'SSH_HOST_KEY', 'SSH_AUTH'] as const) {
      const remote = broken(code, false)
      const error = await retryingRemote('a', inTurn(remote).connect, quick)
        .exec(sh`x`, { idempotent: true })
        .catch((e: unknown) => e)
      expect(error).to.have.property('code', code)
      expect(remote.commands).to.have.lengthOf(1)
    }
    const disposed = retryingRemote('a', inTurn(good()).connect, quick)
    await disposed[Symbol.asyncDispose]()
    expect(await disposed.exec(sh`x`).catch((e: unknown) => e)).to.have.property('code', 'REMOTE_CLOSED')
  })

  it('goes on over real ssh after its connection was lost', async function () {
    this.timeout(30_000)
    if (whyNoSshd() !== undefined) return this.skip()
    await using sshd = await startLoopbackSshd()
    await using remote = retryingRemote('loopback', () => connectSsh(sshd.target), quick)
    const killOwnConnection = sh`kill -KILL $PPID; sleep 30`
    const lost = await remote.exec(killOwnConnection).catch((e: unknown) => e)
    expect(lost).to.include({ code: 'SSH_LOST', mayHaveStarted: true })
    expect((await remote.exec(sh`echo again`)).stdout).to.equal('again\n')
  })

  it('gets through where sshd refuses many connections at once', async function () {
    this.timeout(30_000)
    if (whyNoSshd() !== undefined) return this.skip()
    await using sshd = await startLoopbackSshd(['MaxStartups 2:100:2'])
    const refusals: string[] = []
    const remotes = Array.from({ length: 8 }, () =>
      retryingRemote('loopback', () => connectSsh(sshd.target), {
        attempts: 12,
        firstWaitMs: 50,
        longestWaitMs: 500,
        onRetry: (error) => refusals.push(error.code),
      }),
    )
    const results = await Promise.all(remotes.map((remote) => remote.exec(sh`echo in`)))
    expect(results.map(({ stdout }) => stdout)).to.deep.equal(remotes.map(() => 'in\n'))
    expect(new Set(refusals)).to.deep.equal(new Set(['SSH_CONNECT']))
    await Promise.all(remotes.map((remote) => remote[Symbol.asyncDispose]()))
  })
})
