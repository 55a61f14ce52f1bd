import { createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { eventually } from '../lib/eventually.ts'
import { nativeHost } from '../lib/host/native-host.fake.ts'
import {
  answered,
  describeCount,
  since,
  startSteadyClient,
  type SteadyClient,
  together,
  type WayCount,
} from './steady-client.ts'

/** A server on 127.0.0.1 that answers each connection with this, or leaves it without an answer. */
async function serve(answer: () => string | undefined): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    const text = answer()
    if (text !== undefined) socket.once('data', () => socket.end(text))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as { port: number }).port, server }
}

const page = 'HTTP/1.0 200 OK\r\n\r\nweb.1'
const count = (more: Partial<WayCount>): WayCount => ({
  ...{ way: 'the mesh', asked: 0, answered: 0, refused: 0, silent: 0, streak: 0, ...more },
})

const bound = { withinMs: 5000, inARow: 3, signal: new AbortController().signal }

describe('a client that never stops', function () {
  this.timeout(20_000)
  const servers: Server[] = []
  afterEach(() => servers.splice(0).forEach((server) => server.close()))

  async function ask(...ports: readonly number[]): Promise<SteadyClient> {
    return startSteadyClient({
      from: { host: nativeHost('here'), namespace: 'host', label: 'here' },
      ways: ports.map((port, index) => ({ name: `way ${index}`, address: '127.0.0.1', port })),
      ...{ page: '/abc/', everyMs: 20, patienceMs: 300 },
    })
  }

  it('counts what is answered, refused and left without an answer, and goes on whatever comes', async () => {
    const [good, silent, wrong] = await Promise.all([
      serve(() => page),
      serve(() => undefined),
      serve(() => 'HTTP/1.0 404 Not Found\r\n\r\n'),
    ])
    servers.push(good.server, silent.server, wrong.server)
    const closed = await serve(() => page)
    closed.server.close()
    await using client = await ask(good.port, silent.port, wrong.port, closed.port)
    const counts = await eventually({ what: 'every way was asked', withinMs: 10_000 }, () => {
      const now = client.counts()
      return Promise.resolve(
        now.every(({ asked }) => asked > 20) && (now[1]?.silent ?? 0) > 2
          ? { ready: true, value: now }
          : { ready: false, seen: JSON.stringify(now) },
      )
    })
    const [one, two, three, four] = counts
    expect(one?.answered).to.be.within((one?.asked ?? 0) - 2, one?.asked ?? 0)
    expect(one).to.deep.include({ way: 'way 0', refused: 0, silent: 0, streak: one?.answered })
    expect(two).to.deep.include({ answered: 0, refused: 0, streak: 0 })
    expect(three).to.deep.include({ answered: 0, silent: 0 })
    expect(four).to.deep.include({ answered: 0, silent: 0 })
    expect(three?.refused).to.be.above(15)
    expect(four?.refused).to.be.above(15)
  })

  it('begins a new row of answers after each that failed', async () => {
    let broken = true
    let asked = 0
    const server = await serve(() => (broken && asked++ % 3 === 0 ? 'no HTTP' : page))
    servers.push(server.server)
    await using client = await ask(server.port)
    const late = await answered(client, { ...bound, withinMs: 1500 }).catch((error: Error) => error.message)
    expect(late).to.match(
      /answered 3 times in a row on every way: not within 1\.5 s[^]*way 0: \d+ of \d+ answered, \d+ refused/,
    )
    broken = false
    expect(await answered(client, bound)).to.be.below(4)
  })

  it('says so when it has stopped, and counts on while it is being ended', async () => {
    const client = await startSteadyClient({
      from: { host: nativeHost('here'), namespace: { path: '/nowhere' }, label: 'here' },
      ...{ ways: [{ name: 'way', address: '127.0.0.1', port: 1 }], page: '/', everyMs: 20, patienceMs: 300 },
    })
    await eventually({ what: 'it has ended', withinMs: 5000, everyMs: 50 }, () => {
      let seen = 'it runs'
      try {
        client.counts()
      } catch (error) {
        seen = (error as Error).message
      }
      return Promise.resolve(
        /never stops asking has stopped[^]*here[^]*exit code 2: cannot open \/nowhere/.test(seen)
          ? { ready: true, value: undefined }
          : { ready: false, seen },
      )
    })
    await client[Symbol.asyncDispose]()
    expect(client.counts()).to.deep.equal([count({ way: 'way' })])
  })
})

describe('what a client counted', () => {
  it('is told between two looks, by way', () => {
    const before = [count({ asked: 10, answered: 9, silent: 1, streak: 4 })]
    const now = [count({ asked: 30, answered: 20, refused: 6, silent: 3, streak: 2 })]
    expect(since(before, now)).to.deep.equal([
      count({ asked: 20, answered: 11, refused: 6, silent: 2, streak: 2 }),
    ])
    expect(describeCount(since(before, now)[0] ?? count({}))).to.equal(
      'the mesh: 11 of 20 answered, 6 refused, 2 without an answer',
    )
  })

  it('of several clients is counted together', () => {
    const of = (way: string): SteadyClient => ({
      counts: () => [count({ way })],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
    expect(
      together([of('a'), of('b')])
        .counts()
        .map(({ way }) => way),
    ).to.deep.equal(['a', 'b'])
  })

  it('is an answer only if it came after the question: a row of before does not do', async () => {
    const old = { counts: () => [count({ asked: 100, answered: 100, streak: 100 })] }
    const late = await answered(old, { ...bound, withinMs: 10 }).catch((error: Error) => error.message)
    expect(late).to.contain('not within 0.01 s')
  })
})
