import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { RemoteError } from '../remote/remote-error.ts'
import { findExecutable } from '../setup/executables.ts'
import { sh } from '../script.ts'
import { EngineRefused } from './engine-api.ts'
import { engineOf } from './engine-of.ts'
import { answerJson, ServedEngine } from './served-engine.fake.ts'

const failure = (asked: Promise<unknown>): Promise<Error & { code?: string }> =>
  asked.then(
    () => expect.fail('it was answered'),
    (error: Error) => error,
  )

const version: RequestListener = (_, answer) => answerJson(answer, { Version: '26.1.5' })
const hostOf = (remote: ServedEngine) => ({ name: remote.host, remote })
const closed = (remote: ServedEngine): Promise<void> =>
  eventually({ what: 'the connection ends', withinMs: 1000, everyMs: 5 }, async () =>
    remote.open === 0 ? { ready: true, value: undefined } : { ready: false, seen: `${remote.open} open` },
  )

describe('the API of an engine', () => {
  it('is asked over one connection, which is kept, by side by side requests, too', async () => {
    const remote = new ServedEngine('worker1', version)
    const asked = Array.from({ length: 5 }, () => engineOf(hostOf(remote)).get('/version'))
    expect(await Promise.all(asked)).to.deep.equal(Array.from({ length: 5 }, () => ({ Version: '26.1.5' })))
    await engineOf(hostOf(remote)).get('/version')
    expect(remote).to.include({ dials: 1, open: 1 })
    expect(remote.requests).to.have.lengthOf(6)
    engineOf(hostOf(remote))[Symbol.dispose]()
    await closed(remote)
  })

  it('leaves nothing behind on the kept connection, however often it is asked', async () => {
    const warnings: Error[] = []
    const hear = (warning: Error): void => void warnings.push(warning)
    process.on('warning', hear)
    const remote = new ServedEngine('worker1', version)
    for (let asked = 0; asked < 30; asked += 1) await engineOf(hostOf(remote)).get('/version')
    await new Promise(setImmediate)
    process.off('warning', hear)
    expect(remote.dials).to.equal(1)
    expect(warnings.map(String)).to.deep.equal([])
  })

  it('is asked again over another connection after the engine ended the kept one', async () => {
    const remote = new ServedEngine('worker1', version)
    const engine = engineOf(hostOf(remote))
    for (let round = 1; round <= 3; round += 1) {
      await engine.get('/version')
      expect(remote.dials).to.equal(round)
      remote.cut()
    }
    expect(remote.requests, 'none was sent twice').to.have.lengthOf(3)
  })

  it('is asked again where the connection ends under a request that was sent over it', async () => {
    let cuts = 1
    const remote: ServedEngine = new ServedEngine('worker1', (asked, answer) => {
      if (asked.url === '/version' || cuts === 0) return answerJson(answer, [])
      cuts -= 1
      remote.cut()
    })
    const engine = engineOf(hostOf(remote))
    await engine.list('/version')
    expect(await engine.list('/tasks')).to.deep.equal([])
    expect(remote.requests).to.deep.equal(['GET /version', 'GET /tasks', 'GET /tasks'])
    cuts = 2
    expect((await failure(engine.list('/tasks'))).message, 'twice and no more').to.contain(
      'the engine did not answer GET /tasks (on worker1)',
    )
  })

  it('says host, request and the words of an engine that refuses', async () => {
    const remote = new ServedEngine('worker1', (_, answer) =>
      answerJson(answer, { message: 'no such service: x SWMTKN-1-abc-def' }, 404),
    )
    const engine = engineOf(hostOf(remote))
    const error = await failure(engine.list('/tasks', { filters: { service: ['x'] } }))
    expect(error).to.be.instanceOf(EngineRefused).and.to.include({ code: 'DOCKER_FAILED', status: 404 })
    expect(error.message).to.contain('the engine refused GET /tasks (on worker1)')
    expect(error.message).to.contain('no such service: x').and.not.contain('abc')
    expect(remote.requests).to.deep.equal(['GET /tasks?filters={"service":["x"]}'])
    expect(await engine.delete('/networks/x')).to.equal(false)
  })

  it('says what the client says where the engine is stopped, and asks it again once it runs', async () => {
    const remote = new ServedEngine('worker1', version)
    remote.refusal = { exitCode: 1, words: 'dial unix /var/run/docker.sock: connect: connection refused\n' }
    const engine = engineOf(hostOf(remote))
    const error = await failure(engine.get('/version'))
    expect(error).to.include({ code: 'DOCKER_FAILED' })
    expect(error.message).to.match(
      /GET \/version \(on worker1\)[^]*docker\.sock: connect: connection refused/,
    )
    remote.refusal = { exitCode: 127, words: 'sh: docker: not found' }
    expect((await failure(engine.get('/version'))).message).to.contain('docker is missing on worker1')
    remote.refusal = undefined
    expect(await engine.get('/version')).to.deep.equal({ Version: '26.1.5' })
  })

  it('says that a host was not reached by the error of its Remote', async () => {
    const remote = new ServedEngine('worker1', version)
    const lost = new RemoteError({ code: 'SSH_LOST', host: 'worker1', what: 'the SSH connection was lost' })
    remote.spawn = () => Promise.reject(lost)
    expect(await failure(engineOf(hostOf(remote)).get('/version'))).to.equal(lost)
  })

  it('does not wait longer than it is told, nor after it was told to end', async () => {
    const remote: ServedEngine = new ServedEngine('worker1', (asked, answer) => {
      if (asked.url === '/version') answerJson(answer, {})
    })
    const engine = engineOf(hostOf(remote))
    const late = await failure(engine.list('/tasks', { timeoutMs: 20 }))
    expect(late.message).to.contain('did not answer GET /tasks').and.contain('no answer within 0.02 s')
    const stop = new AbortController()
    const stopped = failure(engine.list('/tasks', { signal: stop.signal }))
    stop.abort(new Error('interrupted'))
    expect((await stopped).message).to.equal('interrupted')
    expect(await engine.get('/version'), 'the next one is answered').to.deep.equal({})
  })

  it('does not wait for a client that has yet to start, and leaves none that starts after that', async () => {
    const remote = new ServedEngine('worker1', version)
    const spawn = remote.spawn.bind(remote)
    let start: () => void = () => undefined
    remote.spawn = async (...words) => {
      await new Promise<void>((resolve) => (start = resolve))
      return spawn(...words)
    }
    const engine = engineOf(hostOf(remote))
    expect((await failure(engine.get('/version', { timeoutMs: 20 }))).message).to.contain('within 0.02 s')
    const stop = new AbortController()
    const stopped = failure(engine.get('/version', { signal: stop.signal }))
    const startLate = start
    stop.abort(new Error('interrupted'))
    expect((await stopped).message).to.equal('interrupted')
    startLate()
    await closed(remote)
    remote.spawn = spawn
    expect(await engine.get('/version')).to.deep.equal({ Version: '26.1.5' })
    expect(remote.open).to.equal(1)
  })

  it('keeps no connection where an engine refuses to tell events', async () => {
    const remote = new ServedEngine('worker1', (_, answer) =>
      answerJson(answer, { message: 'Forbidden' }, 403),
    )
    const { signal } = new AbortController()
    const refused = await failure(engineOf(hostOf(remote)).events({}, signal))
    expect(refused).to.be.instanceOf(EngineRefused)
    await closed(remote)
  })

  it('gives no part of an answer for the whole: cut in the midst of a list, of a chunk, of the head', async () => {
    const cuts: RequestListener[] = [
      (_, answer) => answer.writeHead(200, { 'content-length': '40' }).write('[{"ID":"a"},'),
      (_, answer) => answer.write('[{"ID":"a"}]'),
      (_, { socket }) => socket?.write('HTTP/1.1 200 OK\r\ncontent-le'),
    ]
    for (const cut of cuts) {
      const remote: ServedEngine = new ServedEngine('worker1', (asked, answer) => {
        cut(asked, answer)
        setTimeout(() => remote.cut(), 20)
      })
      const error = await failure(engineOf(hostOf(remote)).list('/tasks'))
      expect(error).to.have.property('code', 'DOCKER_FAILED')
    }
  })

  it('takes what comes before HTTP, and answers of another kind, for no answer', async () => {
    const banner = new ServedEngine('worker1', (_, { socket }) =>
      socket?.write('*** Authorized use only ***\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'),
    )
    expect(await failure(engineOf(hostOf(banner)).list('/tasks'))).to.have.property('code', 'DOCKER_FAILED')
    for (const [body, asked] of [
      [null, 'list'],
      [{ message: 'canary' }, 'list'],
      [[], 'get'],
      [null, 'get'],
    ] as const) {
      const remote = new ServedEngine('worker1', (_, answer) => answerJson(answer, body))
      const error = await failure(engineOf(hostOf(remote))[asked]('/tasks'))
      expect(error, JSON.stringify(body)).to.have.property('code', 'DOCKER_OUTPUT')
      expect(error.message).to.not.contain('canary')
    }
  })

  it('keeps no answer without end, and quotes none that is not JSON', async () => {
    const remote = new ServedEngine('worker1', (asked, answer) => {
      if (asked.url === '/version') return void answer.end('canary')
      const more = (): void => void (answer.write(Buffer.alloc(1024 * 1024)) ? setImmediate(more) : 0)
      answer.on('drain', more)
      more()
    })
    const engine = engineOf(hostOf(remote))
    expect((await failure(engine.list('/tasks'))).message).to.contain('more than 16777216 bytes')
    const error = await failure(engine.get('/version'))
    expect(error).to.include({ code: 'DOCKER_OUTPUT' })
    expect(error.message).to.not.contain('canary')
  })

  it('counts what was asked', async () => {
    const remote = Object.assign(new ServedEngine('worker1', version), {
      calls: { commands: 0, processes: 0, files: 0, engineRequests: 0 },
    })
    await engineOf(hostOf(remote)).get('/version')
    await engineOf(hostOf(remote)).get('/version')
    expect(remote.calls.engineRequests).to.equal(2)
  })
})

describe('the API of an engine that the docker client of a host reaches', () => {
  const folder = mkdtempSync(join(tmpdir(), 'swp-engine-'))
  const path = join(folder, 's')
  const native = nativeHost('here')
  const host = {
    name: 'here',
    remote: {
      ...native.remote,
      spawn: (script, options) =>
        native.remote.spawn(
          sh`export DOCKER_HOST=${`unix://${path}`}
${script}`,
          options,
        ),
    } satisfies typeof native.remote,
  }
  let server: Server | undefined
  const serve = (): Promise<void> =>
    new Promise((resolve) => (server = createServer(version).listen(path, resolve)))
  const end = (): Promise<unknown> =>
    new Promise((resolve) => {
      server?.close(resolve)
      server?.closeAllConnections()
    })

  before(function () {
    if (findExecutable('docker') === undefined) this.skip()
  })
  after(async () => {
    engineOf(host)[Symbol.dispose]()
    await end()
    rmSync(folder, { recursive: true })
  })

  it('answers through it, also after it was stopped and started', async () => {
    await serve()
    expect(await engineOf(host).get('/version')).to.deep.equal({ Version: '26.1.5' })
    await end()
    const error = await failure(engineOf(host).get('/version'))
    expect(error.message).to.match(/did not answer GET \/version \(on here\)[^]*dial unix/)
    await serve()
    expect(await engineOf(host).get('/version')).to.deep.equal({ Version: '26.1.5' })
  })
})
