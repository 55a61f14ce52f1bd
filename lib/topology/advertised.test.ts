import { expect } from 'chai'
import { type AdvertisingNode, otherKindsOfAddress } from './advertised.ts'

const held = (cidr: string, name: string) => {
  const [address = '', prefix] = cidr.split('/')
  return { address, prefixLength: Number(prefix), interface: name }
}

const node = (name: string, advertised: string, isManager = false): AdvertisingNode => {
  const last = { manager: 11, worker1: 12, worker2: 13 }[name] ?? 14
  const own = [held(`172.31.250.${last}/24`, 'eth0'), held(`192.168.56.${last}/24`, 'eth1')]
  return { ...{ name, isManager, advertised }, held: own }
}

describe('advertise addresses', () => {
  it('of one kind are no finding', () => {
    const all = [node('manager', '192.168.56.11', true), node('worker1', '192.168.56.12')]
    expect(otherKindsOfAddress(all)).to.deep.equal([])
  })

  it('of a node that could have one of the network of the rest are of another kind', () => {
    const all = [
      node('manager', '192.168.56.11', true),
      node('worker1', '192.168.56.12'),
      node('worker2', '172.31.250.13'),
    ]
    expect(otherKindsOfAddress(all)).to.deep.equal([
      {
        ...{ node: 'worker2', advertised: '172.31.250.13', interface: 'eth0', network: '192.168.56.0/24' },
        ...{ others: ['manager', 'worker1'], instead: held('192.168.56.13/24', 'eth1') },
      },
    ])
    expect(otherKindsOfAddress(all.slice(1)).map((one) => one.node)).to.deep.equal(['worker2'])
  })

  it('of as many on either side are those apart from the manager', () => {
    const all = [node('worker2', '172.31.250.13'), node('manager', '192.168.56.11', true)]
    expect(otherKindsOfAddress(all).map((one) => one.node)).to.deep.equal(['worker2'])
    const other = [node('manager', '172.31.250.11', true), node('worker2', '192.168.56.13')]
    expect(otherKindsOfAddress(other).map((one) => one.node)).to.deep.equal(['worker2'])
  })

  it('in the network of the rest are of their kind, whatever prefix length they have', () => {
    for (const prefix of [25, 32]) {
      const narrow = { ...node('worker2', '192.168.56.13'), held: [held(`192.168.56.13/${prefix}`, 'eth1')] }
      const floating = held('192.168.56.100/24', 'eth1')
      const all = [
        node('manager', '192.168.56.11', true),
        node('worker1', '192.168.56.12'),
        { ...narrow, held: [...narrow.held, floating] },
      ]
      expect(otherKindsOfAddress(all)).to.deep.equal([])
    }
  })

  it('of hosts with prefixes of 32 bits are compared by interface: the odd one is named, not the others', () => {
    const cloud = (name: string, last: number, advertised: string, isManager = false): AdvertisingNode => ({
      ...{ name, isManager, advertised },
      held: [held(`10.128.0.${last}/32`, 'ens4'), held(`10.8.0.${last}/24`, 'wg0')],
    })
    const all = [
      cloud('manager', 2, '10.128.0.2', true),
      cloud('worker1', 3, '10.128.0.3'),
      cloud('worker2', 4, '10.8.0.4'),
    ]
    expect(otherKindsOfAddress(all)).to.deep.equal([
      {
        ...{ node: 'worker2', advertised: '10.8.0.4', interface: 'wg0', network: 'interface ens4' },
        ...{ others: ['manager', 'worker1'], instead: held('10.128.0.4/32', 'ens4') },
      },
    ])
    const renamed = all.map((one) =>
      one.name === 'worker1'
        ? { ...one, held: [held('10.128.0.3/32', 'eth0'), held('10.8.0.3/24', 'wg0')] }
        : one,
    )
    expect(otherKindsOfAddress(renamed)).to.deep.equal([])
    const alike = [...all.slice(0, 2), cloud('worker2', 4, '10.128.0.4')]
    expect(otherKindsOfAddress(alike)).to.deep.equal([])
  })

  it('that no interface has are of another kind, too, and those of routed networks are not', () => {
    const translated = [node('manager', '192.168.56.11', true), node('worker1', '203.0.113.7')]
    expect(otherKindsOfAddress(translated)[0])
      .to.include({ node: 'worker1' })
      .and.not.have.property('interface')
    const routed = [
      { ...node('manager', '10.1.0.1', true), held: [held('10.1.0.1/24', 'eth0')] },
      { ...node('worker1', '10.2.0.1'), held: [held('10.2.0.1/24', 'eth0'), held('192.168.9.1/24', 'eth1')] },
    ]
    expect(otherKindsOfAddress(routed)).to.deep.equal([])
  })
})
