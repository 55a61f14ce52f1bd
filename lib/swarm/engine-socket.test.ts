import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHostWithEngine } from '../host/native-host.fake.ts'
import { postToEngine } from './engine-socket.ts'

const token = 'SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-1awxwuwd3z9j1z3puu7rcgdbx'

/** Command lines and environments of everything that runs here. */
function processes(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1') + readFileSync(`/proc/${pid}/environ`, 'latin1')
      } catch {
        return ''
      }
    })
    .join('\n')
}

describe('a request over the socket of an engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'swp-engine-'))
  const path = join(folder, 's')
  const host = nativeHostWithEngine('here', `unix://${path}`)
  let server: Server
  let seen: { url: string; body: string; processes: string }[] = []
  let answer: { status: number; body: string } = { status: 200, body: '' }

  before((done) => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        seen.push({ url: `${request.method} ${request.url}`, body, processes: processes() })
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
      })
    }).listen(path, done)
  })
  beforeEach(() => {
    seen = []
    answer = { status: 200, body: '' }
  })
  after((done) => {
    rmSync(folder, { recursive: true })
    server.close(() => done())
  })

  it('arrives whole, and while it does no process has the token in its words or environment', async () => {
    await postToEngine(host, '/swarm/join', { JoinToken: token, RemoteAddrs: ['192.0.2.1:2377'] }, 10_000)
    expect(seen.map(({ url }) => url)).to.deep.equal(['POST /swarm/join'])
    expect(JSON.parse(seen[0]?.body ?? '')).to.deep.equal({
      JoinToken: token,
      RemoteAddrs: ['192.0.2.1:2377'],
    })
    expect(seen[0]?.processes, 'the program that sends it runs').to.contain('/swarm/join')
    expect(seen[0]?.processes).to.not.contain(token)
  })

  it('tells what the engine says when it refuses, without a token that is in it', async () => {
    answer = { status: 503, body: JSON.stringify({ message: `invalid join token ${token}` }) }
    const error = await postToEngine(host, '/swarm/join', { JoinToken: token }, 10_000).catch(String)
    expect(error).to.contain('status 503: invalid join token SWMTKN-(redacted)').and.to.contain('(on here)')
    expect(error).to.not.contain(token)
  })

  it('is refused where the client reaches its engine over a network, before the body is sent', async () => {
    for (const address of ['tcp://192.0.2.1:2376', 'ssh://192.0.2.1', '']) {
      const away = nativeHostWithEngine('here', address === '' ? 'fd://' : address)
      const error = await postToEngine(away, '/swarm/join', { JoinToken: token }, 10_000).catch(
        (thrown: unknown) => thrown,
      )
      expect(error, address).to.have.property('code', 'ENGINE_SOCKET')
    }
  })

  it('tells a socket that nobody listens on', async () => {
    const error = await postToEngine(
      nativeHostWithEngine('here', 'unix:///nowhere/s'),
      '/swarm/join',
      { JoinToken: token },
      10_000,
    ).catch(String)
    expect(error).to.contain('/nowhere/s').and.to.not.contain(token)
  })
})
