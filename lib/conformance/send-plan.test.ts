import { expect } from 'chai'
import { decode, encode } from 'dns-packet'
import type { Host } from '../host/host.ts'
import { dnsQuery } from '../probe/dns.ts'
import type { Observation } from '../probe/probe.ts'
import { probeSeen } from './send-plan.ts'

const from = { host: { name: 'worker1' } as Host, namespace: 'host' as const, label: 'swp-rr@worker1' }
const request = dnsQuery(from, 'tasks.swp-web')
const answered = (reply: Buffer): Observation => ({
  ...{ request, outcome: 'answered', elapsedMs: 3, replies: [reply], replyBytes: [reply.length] },
  attempts: [{ outcome: 'answered', startedMs: 0, elapsedMs: 3 }],
})
const question = decode(Buffer.from(request.payload))
const answer = encode({
  ...{ type: 'response', id: question.id ?? 0, flags: 0x180, questions: question.questions ?? [] },
  answers: [{ type: 'A', name: 'tasks.swp-web', ttl: 600, data: '10.91.1.3' }],
})

describe('a probe as data', () => {
  it('has the answer of a resolver', () => {
    expect(probeSeen(answered(answer))).to.deep.include({
      ...{ from: 'swp-rr@worker1', fromNode: 'worker1', to: '127.0.0.11', port: 53 },
      dns: { rcode: 'NOERROR', addresses: ['10.91.1.3'] },
    })
  })

  it('says so where bytes came that are no answer, and has none where nothing came', () => {
    expect(probeSeen(answered(Buffer.from('HTTP/1.0 200'))).dns).to.deep.equal({
      ...{ rcode: 'unreadable', addresses: [] },
    })
    const silent = { ...answered(Buffer.alloc(0)), outcome: 'timeout' as const, replies: [] }
    expect(probeSeen(silent).dns).to.equal(undefined)
  })

  it('is plain JSON', () => {
    const seen = probeSeen(answered(answer))
    expect(JSON.parse(JSON.stringify(seen))).to.deep.equal(seen)
  })

  it('has of each HTTP reply its status and the bytes behind its headers, beyond what was kept', () => {
    const head = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'
    const replies = [`${head}abc`, 'HTTP/1.1 404 No\r\n\r\n', 'HTTP/1.1'].map((text) => Buffer.from(text))
    const get = { kind: 'tcp' as const, from, to: '192.0.2.1', port: 80, request: Buffer.from('GET /') }
    const seen = { outcome: 'answered' as const, elapsedMs: 3, attempts: [], replies }
    const { http } = probeSeen({ request: get, ...seen, replyBytes: [head.length + 9000, 19, 8] })
    expect(http).to.deep.equal([{ status: 200, bodyBytes: 9000 }, { status: 404, bodyBytes: 0 }, null])
  })
})
