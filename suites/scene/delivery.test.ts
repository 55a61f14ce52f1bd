import { expect } from 'chai'
import type { Observation } from '../../lib/probe/probe.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { deliveryProblem } from './delivery.ts'

const to = { hostname: 'task-1' } as Task
const observation = (more: Partial<Observation> & { payload?: Buffer }): Observation =>
  ({
    request: { kind: more.payload === undefined ? 'tcp' : 'udp', payload: more.payload },
    outcome: 'answered',
    elapsedMs: 2000,
    replies: [],
    ...more,
  }) as unknown as Observation
const http = (body: string): Buffer => Buffer.from(`HTTP/1.0 200 OK\r\n\r\n${body}`)

describe('deliveryProblem', () => {
  it('is content with an echo, a datagram that came back whole, and the host name of the target', () => {
    const payload = Buffer.from('nonce')
    expect(deliveryProblem({ to, protocol: 'icmp', observation: observation({}) })).to.equal(undefined)
    const udp = observation({ payload, replies: [Buffer.from('nonce')] })
    expect(deliveryProblem({ to, protocol: 'udp', observation: udp })).to.equal(undefined)
    const tcp = observation({ replies: [http('task-1\n')] })
    expect(deliveryProblem({ to, protocol: 'tcp', observation: tcp })).to.equal(undefined)
  })

  it('tells an answer of somebody else, and other bytes', () => {
    const tcp = observation({ replies: [http('task-2\n')] })
    expect(deliveryProblem({ to, protocol: 'tcp', observation: tcp })).to.match(/'task-2', expected task-1/)
    const none = observation({ replies: [Buffer.from('SSH-2.0')] })
    expect(deliveryProblem({ to, protocol: 'tcp', observation: none })).to.match(/no HTTP/)
    const udp = observation({ payload: Buffer.from('nonce'), replies: [Buffer.from('other')] })
    expect(deliveryProblem({ to, protocol: 'udp', observation: udp })).to.match(/other bytes/)
  })

  it('says what came instead of an answer', () => {
    const silent = observation({ outcome: 'timeout' })
    expect(deliveryProblem({ to, protocol: 'tcp', observation: silent })).to.equal(
      'TCP no answer within 2.0 s',
    )
    const refused = observation({ outcome: 'refused', errno: 'ECONNREFUSED' })
    expect(deliveryProblem({ to, protocol: 'udp', observation: refused })).to.equal(
      'UDP refused (ECONNREFUSED)',
    )
  })
})
