import { expect } from 'chai'
import type { FirewallRule } from '../../../lib/observe/host-state.ts'
import { markOfPort, markOfVip } from '../../../lib/observe/balancer-marks.ts'
import { balancerProblems, balancingProblems } from './balancer.ts'

const rule = (chain: string, text: string, table = 'mangle'): FirewallRule => ({
  table,
  chain,
  position: 1,
  rule: text,
  packets: 0,
  bytes: 0,
})
const firewall = [
  rule('PREROUTING', '-p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x105/0xffffffff'),
  rule('INPUT', '-d 10.0.0.8/32 -j MARK --set-xmark 0x106/0xffffffff'),
]
const backends = [
  { name: 'web on b', address: '10.0.0.9' },
  { name: 'web on c', address: '10.0.0.10' },
]
const destinations = backends.map(({ address }) => ({ address, weight: 1, forwarding: 'Masq' }))
const good = { firewallMark: 0x105, scheduler: 'rr', destinations }
const problems = (change: Partial<typeof good> = {}): string[] =>
  balancerProblems({ ipvs: [{ ...good, ...change }] }, 0x105, backends)

describe('firewall mark', () => {
  it('is found by VIP and by published port', () => {
    expect(markOfVip(firewall, '10.0.0.8')).to.equal(0x106)
    expect(markOfPort(firewall, { protocol: 'tcp', publishedPort: 8080 })).to.equal(0x105)
  })

  it('is none for another address, port, protocol or table', () => {
    expect(markOfVip(firewall, '10.0.0.80')).to.equal(undefined)
    expect(markOfPort(firewall, { protocol: 'tcp', publishedPort: 808 })).to.equal(undefined)
    expect(markOfPort(firewall, { protocol: 'udp', publishedPort: 8080 })).to.equal(undefined)
    const elsewhere = [rule('PREROUTING', '-p tcp --dport 8080 -j MARK --set-xmark 0x1/0x1', 'raw')]
    expect(markOfPort(elsewhere, { protocol: 'tcp', publishedPort: 8080 })).to.equal(undefined)
  })
})

describe('balancer', () => {
  it('is sound when it lists exactly the tasks, round robin, each with a weight', () => {
    expect(problems()).to.deep.equal([])
  })

  it('misses a service or a task', () => {
    expect(balancerProblems({ ipvs: [] }, 0x105, backends)).to.deep.equal([
      'no IPVS service for firewall mark 261',
    ])
    expect(problems({ destinations: destinations.slice(1) })).to.deep.equal([
      'does not list web on b (10.0.0.9)',
    ])
  })

  it('sees weight 0, another scheduler and what is no task', () => {
    expect(problems({ scheduler: 'wlc' })).to.deep.equal(['scheduler wlc, expected rr'])
    const [first, second] = destinations as [(typeof destinations)[0], (typeof destinations)[0]]
    expect(problems({ destinations: [{ ...first, weight: 0 }, second] })[0]).to.include('weight 0')
    const ghost = { ...first, address: '10.0.0.77' }
    expect(problems({ destinations: [...destinations, ghost] })).to.deep.equal([
      'lists 10.0.0.77, which is not a running task of the service',
    ])
  })
})

describe('balancing as problems', () => {
  const place = { node: 'worker1', network: 'swp-clear', service: 'swp-web', address: '10.0.0.8' }
  const found = (change: Partial<typeof good> = {}) =>
    balancingProblems([{ ...good, ...change }], 0x105, backends, place)
  const [first, second] = destinations as [(typeof destinations)[0], (typeof destinations)[0]]

  it('is sound when IPVS lists exactly the tasks, round robin, each with a weight', () => {
    expect(found()).to.deep.equal([])
  })

  it('lacks a mark, a service or a task on the node whose IPVS it is', () => {
    expect(balancingProblems([good], undefined, backends, place)).to.deep.equal([
      { ...place, code: 'balancer-not-set-up', kind: 'missed' },
    ])
    expect(balancingProblems([], 0x105, backends, place)).to.deep.equal([
      { ...place, code: 'balancer-lacks-service', kind: 'missed' },
    ])
    expect(found({ destinations: [second] })).to.deep.equal([
      {
        ...{ ...place, code: 'balancer-lacks-task', kind: 'missed' },
        ...{ address: '10.0.0.9', subject: 'web on b' },
      },
    ])
  })

  it('has weight 0, another scheduler and what is of no task, which are seen', () => {
    expect(found({ scheduler: 'wlc' })).to.deep.equal([
      { ...place, code: 'balancer-scheduler-differs', kind: 'seen', expected: 'rr', observed: 'wlc' },
    ])
    expect(found({ destinations: [{ ...first, weight: 0 }, second] })).to.deep.equal([
      {
        ...{ ...place, code: 'balancer-weight-zero', kind: 'seen' },
        ...{ address: '10.0.0.9', subject: 'web on b' },
      },
    ])
    expect(found({ destinations: [...destinations, { ...first, address: '10.0.0.77' }] })).to.deep.equal([
      { ...place, code: 'balancer-lists-stranger', kind: 'seen', address: '10.0.0.77' },
    ])
  })
})
