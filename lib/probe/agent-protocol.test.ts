import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { decodeResult, encodePlan } from './agent-protocol.ts'
import type { Origin } from './probe.ts'

const host = nativeHost('worker1')
const task: Origin = { host, namespace: { pid: 739 }, label: 'web.1@worker1' }
const sandbox: Origin = { host, namespace: { path: '/run/docker/netns/ingress_sbox' }, label: 'ingress' }
const own: Origin = { host, namespace: 'host', label: 'worker1' }

describe('agent plan', () => {
  it('takes no address that would be an order of its own', () => {
    for (const to of ['10.0.0.1\nstop', '10.0.0.1 80', 'x', '::1']) {
      const request = { kind: 'icmp' as const, from: own, to, packetBytes: 84 }
      expect(() => encodePlan([{ id: 0, request }], []), JSON.stringify(to)).to.throw('an IPv4 address')
    }
    const from: Origin = { ...own, namespace: { path: '/run/docker/netns/x\nstop' } }
    const request = { kind: 'icmp' as const, from, to: '10.0.0.1', packetBytes: 84 }
    expect(() => encodePlan([{ id: 0, request }], [])).to.throw('is not a single word')
  })

  it('numbers namespaces once and writes one line per request', () => {
    const { lines } = encodePlan(
      [
        {
          id: 0,
          request: {
            kind: 'udp',
            from: task,
            to: '10.0.0.1',
            port: 53,
            payload: Buffer.from([0, 255]),
            expectReply: true,
          },
        },
        {
          id: 1,
          request: { kind: 'tcp', from: own, to: '10.0.0.2', port: 80, repeat: 12, timeoutMs: 700 },
        },
        {
          id: 4,
          request: {
            kind: 'udp',
            from: task,
            to: '10.0.0.3',
            port: 9,
            payload: new Uint8Array(),
            expectReply: false,
            dontFragment: true,
          },
        },
        { id: 5, request: { kind: 'icmp', from: own, to: '10.0.0.4', packetBytes: 31, dontFragment: true } },
      ],
      [
        { at: sandbox, port: 7007, nonce: 'n1' },
        { at: task, port: 7010, nonce: 'n2', says: 'x9.web-1' },
      ],
      { concurrency: 3 },
    )
    expect(lines).to.deep.equal([
      'limit 84',
      'window 3',
      'space 0 /proc/739/ns/net',
      'space 1 /proc/self/ns/net',
      'space 2 /run/docker/netns/ingress_sbox',
      'respond 2 7007 n1',
      'answer 0 7010 n2 x9.web-1',
      'udp 0 0 10.0.0.1 53 5000 1 1 0 x00ff',
      'tcp 1 1 10.0.0.2 80 700 12 1 0 -',
      'udp 4 0 10.0.0.3 9 5000 1 0 1 x',
      'icmp 5 1 10.0.0.4 0 5000 1 1 1 x000102',
      'end',
    ])
  })

  it('refuses a responder whose word or nonce would be two, or none', () => {
    expect(() => encodePlan([], [{ at: own, port: 7, nonce: 'n', says: 'a b' }])).to.throw(RangeError, 'a b')
    expect(() => encodePlan([], [{ at: own, port: 7, nonce: 'n\nstop' }])).to.throw(RangeError, 'stop')
    expect(() => encodePlan([], [{ at: own, port: 7, nonce: '' }])).to.throw(RangeError)
  })

  it('gives the agent time for every timeout one after another, within bounds', () => {
    const request = { kind: 'tcp', from: own, to: '10.0.0.2', port: 80, repeat: 1_000_000 } as const
    expect(encodePlan([{ id: 0, request }], []).limitSeconds).to.equal(1800)
    expect(encodePlan([], [], { waves: 8 }).limitSeconds).to.equal(8 * 60)
  })
})

describe('agent result', () => {
  const line = (what: string, errno: number): string =>
    `result 7 2 ${what} ${errno} 5000123 4567 10.0.0.9 40000 3 616263`

  it('carries attempt, times, source and reply', () => {
    expect(decodeResult(line('answered', 0))).to.deep.equal({
      id: 7,
      attempt: 2,
      outcome: 'answered',
      startedMicroseconds: 5_000_123,
      elapsedMs: 4.567,
      source: { address: '10.0.0.9', port: 40000 },
      replyBytes: 3,
      reply: Buffer.from('abc'),
    })
  })

  it('has no source and no reply where there was none', () => {
    const result = decodeResult('result 1 0 timeout 0 1 2 - 0 0 -')
    expect(result).to.include({ outcome: 'timeout', replyBytes: 0 }).and.not.have.property('source')
    expect(result?.reply).to.have.lengthOf(0)
    expect(decodeResult('result 1 0 answered 0 1 2 10.0.0.9 0 84 -')?.source).to.deep.equal({
      address: '10.0.0.9',
    })
  })

  for (const [what, errno, outcome, name] of [
    ['local', 90, 'too-big', 'EMSGSIZE'],
    ['remote', 90, 'unreachable', 'EMSGSIZE'],
    ['remote', 111, 'refused', 'ECONNREFUSED'],
    ['local', 101, 'unreachable', 'ENETUNREACH'],
    ['remote', 113, 'unreachable', 'EHOSTUNREACH'],
    ['remote', 110, 'timeout', 'ETIMEDOUT'],
    ['remote', 104, 'error', 'ECONNRESET'],
    ['local', 1, 'error', 'EPERM'],
    ['local', 250, 'error', 'errno 250'],
  ] as const) {
    it(`calls ${name} from ${what === 'local' ? 'sending' : 'the network'} ${outcome}`, () => {
      expect(decodeResult(line(what, errno))).to.include({ outcome, errno: name })
    })
  }

  it('is not read from other lines', () => {
    expect(decodeResult('done')).to.equal(undefined)
    expect(decodeResult('result 1 0 answered')).to.equal(undefined)
  })
})
