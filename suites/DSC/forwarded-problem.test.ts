import { expect } from 'chai'
import type { Frame } from '../../lib/observation/frame.ts'
import type { Wires } from '../scene/recordings/recording.ts'
import { judgeForwarded } from './forwarded-problem.ts'

const place = {
  task: 'swp-rr@worker1',
  resolver: { nameservers: ['192.0.2.3'], searchDomains: [], from: '/etc/resolv.conf' },
}
const question = (destination: string, matched: readonly string[] = ['worker1'], to = 53): Frame => ({
  ...{ index: 1, at: 1, egress: true, digest: '00', matched, wireBytes: 90 },
  ...{ outer: { source: '172.18.0.3', destination, ttl: 64, bytes: 76 }, udp: { from: 40_000, to } },
})
const wire = (frames: readonly Frame[]): Wires[string] => ({
  got: {
    ...{ node: 'worker1', interface: 'eth1', file: 'captures/worker1-eth1.pcap', frames, passedOver: {} },
    ...{ startedAt: '', endedAt: '', droppedByKernel: 0, droppedByInterface: 0 },
  },
})
const ways = { worker1: { got: { inside: 'eth1', outside: ['eth0'] } } }
const judged = (wires: Wires, known: Parameters<typeof judgeForwarded>[2]['ways'] = ways) =>
  judgeForwarded('worker1', place, { ways: known, wires })

describe('the question of a task', () => {
  it('may leave by any interface of its node, if it goes to a nameserver of its host', () => {
    const found = judged({
      'worker1 eth1 in abc': wire([]),
      'worker1 eth0': wire([question('192.0.2.3')]),
      'worker2 eth0': wire([question('192.0.2.9', ['worker2'])]),
    })
    expect(found).to.deep.include({ servers: ['192.0.2.3'], unseen: [] })
    expect(found.problem).to.equal(undefined)
  })

  it('is no answer, no question of another node, and not what Docker’s own resolver gets', () => {
    const found = judged({
      'worker1 eth0': wire([
        question('192.0.2.3', ['worker2']),
        question('192.0.2.3', ['worker1'], 40_000),
        question('127.0.0.11'),
      ]),
    })
    expect(found.servers).to.deep.equal([])
    expect(found.problem).to.include({ code: 'question-not-forwarded', kind: 'missed', node: 'worker1' })
  })

  it('is seen to go elsewhere', () => {
    expect(judged({ worker1: wire([question('198.51.100.1')]) }).problem).to.deep.include({
      ...{ code: 'question-forwarded-elsewhere', kind: 'seen', node: 'worker1' },
      ...{ expected: '192.0.2.3', observed: '198.51.100.1' },
    })
  })

  it('may have passed where nothing could be recorded: then nothing is said of it', () => {
    const blind = judged({ 'worker1 eth1 in abc': wire([]), 'worker1 eth0': { blind: 'packets dropped' } })
    expect(blind.problem).to.equal(undefined)
    expect(blind.unseen).to.deep.equal([
      { what: 'capture', nodes: ['worker1 eth0'], why: 'packets dropped', blind: true },
    ])
    const outside = { worker1: { got: { inside: null, outside: ['eth0'] } } }
    expect(judged({ worker1: wire([]) }, outside).problem).to.equal(undefined)
    expect(judged({ worker1: wire([question('192.0.2.3')]) }, outside).unseen).to.deep.equal([])
  })
})
