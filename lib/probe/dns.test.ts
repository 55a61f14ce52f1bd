import { decode, encode } from 'dns-packet'
import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { dnsAnswer, dnsQuery } from './dns.ts'
import type { Observation, UdpRequest } from './probe.ts'

const from = { host: nativeHost('worker1'), namespace: 'host', label: 'web.1@worker1' } as const

function observed(request: UdpRequest, reply: Buffer | undefined): Observation {
  return {
    request,
    outcome: reply === undefined ? 'timeout' : 'answered',
    elapsedMs: 1,
    attempts: [],
    replies: [reply ?? Buffer.alloc(0)],
    replyBytes: [reply?.length ?? 0],
  }
}

const idOf = (request: UdpRequest): number => Buffer.from(request.payload).readUInt16BE(0)

describe('DNS', () => {
  it('asks Docker’s resolver for addresses, recursion desired', () => {
    const query = dnsQuery(from, 'tasks.web')
    expect(query).to.include({ kind: 'udp', to: '127.0.0.11', port: 53, expectReply: true })
    const message = decode(Buffer.from(query.payload))
    expect(message.questions).to.deep.equal([{ name: 'tasks.web', type: 'A', class: 'IN' }])
    expect(message.flag_rd).to.equal(true)
  })

  it('gives addresses and the smallest time to live', () => {
    const query = dnsQuery(from, 'tasks.web')
    const reply = encode({
      type: 'response',
      id: idOf(query),
      answers: [
        { type: 'A', name: 'tasks.web', ttl: 600, data: '10.91.1.3' },
        { type: 'A', name: 'tasks.web', ttl: 30, data: '10.91.1.2' },
      ],
    })
    expect(dnsAnswer(observed(query, reply))).to.deep.equal({
      rcode: 'NOERROR',
      addresses: ['10.91.1.3', '10.91.1.2'],
      ttlSeconds: 30,
    })
  })

  it('tells a name that does not exist from one without addresses and from no answer', () => {
    const query = dnsQuery(from, 'vault')
    const missing = encode({ type: 'response', id: idOf(query), flags: 3 })
    const empty = encode({ type: 'response', id: idOf(query) })
    expect(dnsAnswer(observed(query, missing))).to.deep.equal({ rcode: 'NXDOMAIN', addresses: [] })
    expect(dnsAnswer(observed(query, empty))).to.deep.equal({ rcode: 'NOERROR', addresses: [] })
    expect(dnsAnswer(observed(query, undefined))).to.equal(undefined)
  })

  it('refuses a reply that is cut off, or that answers another query', () => {
    const query = dnsQuery(from, 'web')
    const reply = encode({
      type: 'response',
      id: idOf(query),
      answers: [{ type: 'A', name: 'web', ttl: 600, data: '10.91.1.1' }],
    })
    for (const bad of [reply.subarray(0, 5), reply.subarray(0, reply.length - 3)]) {
      expect(() => dnsAnswer(observed(query, bad))).to.throw(SwarmproofError, /10|127/)
    }
    reply[0] = (reply[0] ?? 0) ^ 0xff
    expect(() => dnsAnswer(observed(query, reply))).to.throw(SwarmproofError, /another query/)
  })
})
