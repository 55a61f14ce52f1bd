import { expect } from 'chai'
import type { ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import { threeNodes } from '../../three-nodes.fake.ts'
import { exchangeProblem, undelivered } from './delivery.ts'

const probe = (kind: ProbeSeen['kind'], more: Partial<ProbeSeen> = {}): ProbeSeen => ({
  ...{ kind, from: 'swp-web@worker1', fromNode: 'worker1', to: '10.91.1.7', outcome: 'answered' },
  ...{ elapsedMs: 2000, attempts: [], replies: [], replyBytes: [], ...more },
})
const where = { path: { from: 'worker1', to: 'worker2' }, protocol: 'TCP' }
const found = (seen: ProbeSeen) => undelivered(seen, 'task-1', where)

describe('what is sent to a task', () => {
  it('is delivered with an echo, a datagram that came back whole, and the host name of the target', () => {
    expect(found(probe('icmp'))).to.equal(undefined)
    expect(found(probe('udp', { replies: [''], echoed: true }))).to.equal(undefined)
    expect(found(probe('tcp', { replies: ['task-1'] }))).to.equal(undefined)
  })

  it('is not with an answer of somebody else, or with other bytes', () => {
    const other = { ...where, code: 'answered-by-another', kind: 'seen', expected: 'task-1' }
    expect(found(probe('tcp', { replies: ['task-2'] }))).to.deep.equal({ ...other, observed: 'task-2' })
    expect(found(probe('tcp', { replies: ['SSH-2.0'] }))).to.deep.equal({ ...other, observed: 'SSH-2.0' })
    expect(found(probe('tcp'))).to.deep.equal({ ...other, observed: 'no HTTP' })
    expect(found(probe('udp', { replies: [''], echoed: false }))).to.deep.equal({
      ...{ ...where, code: 'altered-on-the-way', kind: 'seen' },
    })
  })

  it('is missed where no answer came, with what came instead', () => {
    const missed = { ...where, code: 'not-delivered', kind: 'missed' }
    expect(found(probe('tcp', { outcome: 'timeout' }))).to.deep.equal({
      ...{ ...missed, observed: 'no answer within 2.0 s' },
    })
    expect(found(probe('udp', { outcome: 'refused', errno: 'ECONNREFUSED' }))).to.deep.equal({
      ...{ ...missed, observed: 'refused (ECONNREFUSED)' },
    })
  })

  it('is told by the pair, the network and the protocol', () => {
    const sent = { from: 'web-worker1', to: 'rr-worker2', network: 'clear', protocol: 'udp' } as const
    const lost = exchangeProblem({ ...sent, probe: probe('udp', { outcome: 'timeout' }) }, threeNodes())
    expect(lost).to.deep.include({
      ...{ code: 'not-delivered', path: { from: 'worker1', to: 'worker2' }, network: 'swp-clear' },
      ...{ protocol: 'UDP', ends: { from: 'swp-web@worker1', to: 'swp-rr@worker2' } },
    })
  })
})
