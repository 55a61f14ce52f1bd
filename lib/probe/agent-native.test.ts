import { execFile, spawnSync } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { agentProbe } from './agent-probe.ts'
import { datagramFor, linesFor, responderNonce } from './nonce.ts'
import type { Observation, Origin, ProbeRequest } from './probe.ts'

const host = nativeHost('here')
const [near, far] = [`swp-test-n${process.pid}`, `swp-test-f${process.pid}`]
const inSpace = (name: string): Origin => ({ host, namespace: { path: `/run/netns/${name}` }, label: name })
const [here, there] = [inSpace(near), inSpace(far)]
const own: Origin = { host, namespace: 'host', label: 'here' }

function run(...command: string[]): void {
  const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
}

const nonce = responderNonce()

async function send(requests: readonly ProbeRequest[], port?: number): Promise<readonly Observation[]> {
  return agentProbe().send(requests, port === undefined ? {} : { responders: [{ at: there, port, nonce }] })
}

/** Asks the responder from each of these ports; from the first until there is one that answers. */
const askFromPorts = String.raw`
my ($bytes, @ports) = @ARGV;
my $first = 1;
for my $port (@ports) {
  socket my $socket, 2, 2, 17 or die $!;
  bind $socket, pack 'S n C4 x8', 2, $port, 0, 0, 0, 0 or die $!;
  my $answer = '';
  for (1 .. ($first ? 400 : 3)) {
    send $socket, $bytes, 0, pack 'S n C4 x8', 2, 7007, 198, 18, 0, 2;
    my $read = '';
    vec($read, fileno $socket, 1) = 1;
    next unless select $read, undef, undef, 0.1;
    last if defined recv $socket, $answer, 100, 0;
    select undef, undef, undef, 0.05;
  }
  $first = 0;
  print $port, ' ', length $answer ? length($answer) . ' bytes' : 'nothing', "\n";
}
`

/** Says how much it got, once that is all. */
function count(socket: Socket, first: Buffer, wanted: number): void {
  let got = first.length
  socket.on('data', (more) => {
    got += more.length
    if (got >= wanted) socket.end(`got ${got}`)
  })
}

const outcomes = (observations: readonly Observation[]): string[] => observations.map((one) => one.outcome)

/** The real agent, between two namespaces of this machine joined by a cable with an MTU of 1400 bytes. */
describe('agent on this machine', () => {
  before(function () {
    const usable =
      process.getuid?.() === 0 &&
      spawnSync('ip', ['netns', 'add', near]).status === 0 &&
      spawnSync('ip', ['netns', 'exec', near, 'true']).status === 0
    if (!usable) {
      console.log('      skipped: the agent needs root, iproute2 and leave to enter network namespaces')
      this.skip()
    }
    run('ip', 'netns', 'add', far)
    run('ip', '-n', near, 'link', 'add', 'c0', 'mtu', '1400', 'type', 'veth', 'peer', 'name', 'c1')
    run('ip', '-n', near, 'link', 'set', 'c1', 'mtu', '1400', 'netns', far)
    for (const [space, device, address] of [
      [near, 'c0', '198.18.0.1/24'],
      [far, 'c1', '198.18.0.2/24'],
    ] as const) {
      run('ip', '-n', space, 'addr', 'add', address, 'dev', device)
      run('ip', '-n', space, 'link', 'set', device, 'up')
      run('ip', '-n', space, 'link', 'set', 'lo', 'up')
    }
  })
  after(() => {
    for (const name of [near, far]) spawnSync('ip', ['netns', 'del', name])
  })

  const datagram = (
    size: number,
    more: Partial<Extract<ProbeRequest, { kind: 'udp' }>> = {},
  ): ProbeRequest => ({
    kind: 'udp',
    from: here,
    to: '198.18.0.2',
    port: 7007,
    payload: datagramFor(nonce, '', size),
    expectReply: true,
    ...more,
  })

  it('gets datagrams back whole, from a short one to one in fragments', async () => {
    const observations = await send([datagram(0), datagram(60_000)], 7007)
    expect(outcomes(observations)).to.deep.equal(['answered', 'answered'])
    expect(observations.map(({ replyBytes }) => replyBytes[0])).to.deep.equal([17, 60_000])
    expect(observations[0]?.replies[0]?.toString()).to.equal(`${nonce} `)
    expect(observations[1]?.replies[0]).to.have.lengthOf(4096)
    expect(observations[0]?.attempts[0]?.source?.address).to.equal('198.18.0.1')
  })

  it('leaves a stranger without an answer, on UDP and on TCP, and the bearer of the nonce not', async () => {
    const stranger = { timeoutMs: 700 }
    const call = (request: Buffer): ProbeRequest => ({
      ...{ kind: 'tcp', from: here, to: '198.18.0.2', port: 7010, request, ...stranger },
    })
    const observations = await agentProbe().send(
      [
        datagram(0, { payload: Buffer.alloc(0), ...stranger }),
        datagram(0, { payload: Buffer.from('hello'), ...stranger }),
        datagram(0, { payload: Buffer.from(nonce.slice(0, -1)), ...stranger }),
        datagram(0, { payload: Buffer.from(` ${nonce}`), ...stranger }),
        datagram(0),
        call(Buffer.from('hello\n\n')),
        call(Buffer.from(`hello ${nonce}\n\n`)),
        call(Buffer.from(`${nonce}\n\n`)),
        call(Buffer.alloc(5_000, 'x')),
        call(linesFor(nonce, ['hello'])),
      ],
      {
        responders: [
          { at: there, port: 7007, nonce },
          { at: there, port: 7010, nonce, says: 'one' },
        ],
      },
    )
    const bytes = observations.map(({ replyBytes }) => replyBytes[0])
    expect(bytes).to.deep.equal([0, 0, 0, 0, 17, 0, 0, 0, 0, 'one hello\n'.length])
    expect(outcomes(observations.slice(0, 5))).to.deep.equal([
      ...new Array<string>(4).fill('timeout'),
      'answered',
    ])
  })

  it('never answers a port that a server has, so that no two can be set on each other', async () => {
    const asking = promisify(execFile)('ip', [
      ...['netns', 'exec', near, 'perl', '-e', askFromPorts, `${nonce} x`],
      ...['7008', '53', '7007', '7009'],
    ])
    await send([datagram(0, { to: '198.18.0.4', timeoutMs: 3_000 })], 7007)
    expect((await asking).stdout).to.equal('7008 18 bytes\n53 nothing\n7007 nothing\n7009 18 bytes\n')
  })

  it('sends without waiting, and says refused and timeout for what they are', async () => {
    const observations = await send([
      datagram(1, { expectReply: false }),
      datagram(1),
      datagram(1, { to: '198.18.0.1', port: 7008 }),
      datagram(1, { to: '198.18.0.3', timeoutMs: 300 }),
      datagram(1, { to: '203.0.113.1' }),
    ])
    expect(outcomes(observations)).to.deep.equal(['sent', 'refused', 'refused', 'timeout', 'unreachable'])
    expect(observations[1]?.errno).to.equal('ECONNREFUSED')
    expect(observations[3]?.elapsedMs).to.be.within(300, 3000)
    expect(observations[4]?.errno).to.equal('ENETUNREACH')
  })

  it('passes exactly the MTU and refuses one byte more', async () => {
    const udpHeaders = 28
    const observations = await send(
      [
        datagram(1400 - udpHeaders, { dontFragment: true }),
        datagram(1401 - udpHeaders, { dontFragment: true }),
        datagram(1401 - udpHeaders),
        { kind: 'icmp', from: here, to: '198.18.0.2', packetBytes: 1400, dontFragment: true },
        { kind: 'icmp', from: here, to: '198.18.0.2', packetBytes: 1401, dontFragment: true },
        { kind: 'icmp', from: here, to: '198.18.0.2', packetBytes: 1401 },
      ],
      7007,
    )
    const expected = ['answered', 'too-big', 'answered']
    expect(outcomes(observations)).to.deep.equal([...expected, ...expected])
    expect(observations[1]?.errno).to.equal('EMSGSIZE')
    expect(observations[3]?.replyBytes).to.deep.equal([1400])
  })

  it('tells echo replies of many requests apart, its own address included', async () => {
    const sizes = Array.from({ length: 40 }, (_, i) => 28 + i)
    const observations = await send([
      ...sizes.map((packetBytes) => ({ kind: 'icmp', from: here, to: '198.18.0.2', packetBytes }) as const),
      { kind: 'icmp', from: here, to: '198.18.0.1', packetBytes: 99 },
      { kind: 'icmp', from: here, to: '198.18.0.9', packetBytes: 99, timeoutMs: 200 },
    ])
    expect(observations.map(({ replyBytes }) => replyBytes[0])).to.deep.equal([...sizes, 99, 0])
    expect(observations.at(-1)?.outcome).to.equal('timeout')
  })

  it('starts in the host’s own namespace too, and names a namespace that is gone', async () => {
    const [observation] = await send([
      { kind: 'icmp', from: own, to: '198.18.0.2', packetBytes: 64, timeoutMs: 300 },
    ])
    expect(observation?.outcome, 'the other namespaces are not the host’s').not.to.equal('answered')
    const gone: Origin = { host, namespace: { pid: 4_194_303 }, label: 'gone' }
    const error = await send([{ kind: 'icmp', from: gone, to: '198.18.0.2', packetBytes: 64 }]).catch(
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(SwarmproofError).and.include({ code: 'PROBE_AGENT', host: 'here' })
    expect(String(error)).to.contain('/proc/4194303/ns/net')
  })

  it('answers several lines of one connection with its word, and as many connections as come', async () => {
    const observations = await agentProbe().send(
      [
        {
          kind: 'tcp',
          from: here,
          to: '198.18.0.2',
          port: 7010,
          request: linesFor(nonce, ['a', 'b']),
          repeat: 3,
        },
        { kind: 'tcp', from: here, to: '198.18.0.2', port: 7011, request: linesFor(nonce, []) },
        {
          kind: 'udp',
          from: here,
          to: '198.18.0.2',
          port: 7007,
          payload: datagramFor(nonce, 'u'),
          expectReply: true,
        },
      ],
      {
        responders: [
          { at: there, port: 7010, nonce, says: 'one' },
          { at: there, port: 7011, nonce, says: 'other' },
          { at: there, port: 7007, nonce },
        ],
      },
    )
    expect(outcomes(observations)).to.deep.equal(['answered', 'answered', 'answered'])
    expect(observations[0]?.replies.map(String)).to.deep.equal(new Array(3).fill('one a\none b\n'))
    expect(observations[1]?.replies.map(String)).to.deep.equal([''])
  })

  describe('TCP', () => {
    const bulk = Buffer.alloc(1_000_000, 'b')
    const upload = Buffer.alloc(3_000_000, 'r')
    let server: Server
    let port = 0
    before((done) => {
      server = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', (request) => {
          const path = String(request).split(' ')[1]
          if (path === '/bulk') socket.end(bulk)
          else if (path === '/upload') count(socket, request, 'GET /upload '.length + upload.length)
          else if (path === '/silent') socket.write('first')
          else if (path === '/reset') socket.resetAndDestroy()
          else socket.end(`you said ${String(request)}`)
        })
      }).listen(0, '127.0.0.1', () => {
        port = (server.address() as { port: number }).port
        done()
      })
    })
    after((done) => void server.close(done))

    const get = (path: string, more: object = {}): ProbeRequest => ({
      kind: 'tcp',
      from: own,
      to: '127.0.0.1',
      port,
      request: Buffer.from(`GET ${path} now`),
      ...more,
    })

    it('reads replies to their end, with fresh connections', async () => {
      const [bulkRead, repeated] = await send([get('/bulk'), get('/x', { repeat: 5 })])
      expect(bulkRead).to.deep.include({ outcome: 'answered', replyBytes: [bulk.length] })
      expect(bulkRead?.replies[0]).to.have.lengthOf(4096)
      expect(repeated?.replies.map(String)).to.deep.equal(new Array(5).fill('you said GET /x now'))
      const ports = repeated?.attempts.map(({ source }) => source?.port)
      expect(new Set(ports).size, 'source ports').to.equal(5)
    })

    it('writes a large request whole', async () => {
      const request = Buffer.concat([Buffer.from('GET /upload '), upload])
      const [observation] = await send([get('/upload', { request })])
      expect(observation?.replies.map(String)).to.deep.equal([`got ${request.length}`])
    })

    it('tells connected, refused, cut off and silent peers apart', async () => {
      const observations = await send([
        { kind: 'tcp', from: own, to: '127.0.0.1', port },
        { kind: 'tcp', from: own, to: '127.0.0.1', port: 1, repeat: 2 },
        get('/reset'),
        get('/silent', { timeoutMs: 2000 }),
      ])
      expect(outcomes(observations)).to.deep.equal(['connected', 'refused', 'error', 'timeout'])
      expect(observations[1]?.attempts).to.have.lengthOf(2)
      expect(observations[2]?.errno).to.equal('ECONNRESET')
      expect(observations[3]).to.deep.include({ replyBytes: [5] })
    })

    it('gives less time once two connections were silent, and lets no silent probe hold up the next', async () => {
      const [silent, other] = await agentProbe().send(
        [
          get('/silent', { timeoutMs: 6000, repeat: 3 }),
          { kind: 'icmp', from: own, to: '127.0.0.1', packetBytes: 84 },
        ],
        { concurrency: 1 },
      )
      const [first, second, third] = (silent?.attempts ?? []).map(({ elapsedMs }) => elapsedMs)
      expect([first, second].every((ms = 0) => ms >= 6000)).to.equal(true)
      expect(third).to.be.within(2000, 5900)
      // It began before the first of the silent ones had ended.
      expect(other?.attempts[0]?.startedMs).to.be.within(2900, 5990)
    }).timeout(30_000)
  })
})
