import { expect } from 'chai'
import type { Link } from '../../lib/observe/host-state.ts'
import { interfaceProblems } from './interfaces.ts'

const link = (name: string, ...addresses: readonly string[]) =>
  ({
    name,
    kind: 'veth',
    addresses: addresses.map((text) => {
      const [address = '', prefix] = text.split('/')
      return { address, prefixLength: Number(prefix), family: 'inet' }
    }),
  }) as unknown as Link

const expected = [
  { network: 'clear', subnet: '10.0.1.0/24', address: '10.0.1.5' },
  { network: 'docker_gwbridge', subnet: '172.18.0.0/16' },
]
const sound = [link('eth0', '10.0.1.5/24'), link('eth1', '172.18.0.4/16')]

describe('interfaceProblems', () => {
  it('finds none with one interface a network, virtual IPs as aliases', () => {
    expect(interfaceProblems(sound, expected)).to.deep.equal([])
    expect(
      interfaceProblems(
        [link('eth0', '10.0.1.2/32', '10.0.1.5/24'), link('eth1', '172.18.0.4/16')],
        expected,
      ),
    ).to.deep.equal([])
  })

  it('names an interface that is missing, double or too many', () => {
    expect(interfaceProblems(sound.slice(0, 1), expected)).to.deep.equal([
      'has no interface on docker_gwbridge (172.18.0.0/16)',
    ])
    expect(interfaceProblems([...sound, link('eth2', '10.0.1.6/24')], expected)).to.deep.equal([
      'has 2 interfaces on clear: eth0, eth2',
    ])
    expect(interfaceProblems([...sound, link('swp0')], expected)).to.deep.equal([
      'has an interface more: swp0 (no address)',
    ])
  })

  it('names addresses that are outside, of another size or not the engine’s', () => {
    const at = (...addresses: readonly string[]) =>
      interfaceProblems([link('eth0', ...addresses), link('eth1', '172.18.0.4/16')], expected)
    expect(at('10.0.1.5/24', '198.51.100.7/24')).to.deep.equal([
      'eth0: 198.51.100.7 is outside clear’s subnet 10.0.1.0/24',
    ])
    expect(at('10.0.1.5/16')).to.deep.equal(['eth0: 10.0.1.5/16 on clear, whose subnet is 10.0.1.0/24'])
    expect(at('10.0.1.9/24')).to.deep.equal([
      'eth0: the engine says 10.0.1.5 on clear, the kernel has 10.0.1.9',
    ])
  })
})
