import { expect } from 'chai'
import type { Link } from '../../lib/observe/host-state.ts'
import { link } from '../host-states.fake.ts'
import { foreignAddresses, interfaceProblems } from './interfaces.ts'

const veth = (name: string, ...addresses: readonly string[]): Link =>
  link(name, 1450, { addresses, kind: 'veth' })

const expected = [
  { network: 'clear', subnet: '10.0.1.0/24', address: '10.0.1.5' },
  { network: 'docker_gwbridge', subnet: '172.18.0.0/16' },
]
const sound = [veth('eth0', '10.0.1.5/24'), veth('eth1', '172.18.0.4/16')]
const owner = { node: 'worker1', service: 'web', subject: 'web@worker1' }
const problems = (links: readonly Link[]) => interfaceProblems(links, expected, owner)

describe('interfaceProblems', () => {
  it('finds none with one interface a network, virtual IPs as aliases', () => {
    expect(problems(sound)).to.deep.equal([])
    expect(
      problems([veth('eth0', '10.0.1.2/32', '10.0.1.5/24'), veth('eth1', '172.18.0.4/16')]),
    ).to.deep.equal([])
  })

  it('names an interface that is missing, double or unexpected, with the task and its node', () => {
    expect(problems(sound.slice(0, 1))).to.deep.equal([
      {
        ...{ ...owner, code: 'network-interface-missing', kind: 'missed' },
        ...{ network: 'docker_gwbridge', expected: '172.18.0.0/16' },
      },
    ])
    expect(problems([...sound, veth('eth2', '10.0.1.6/24')])).to.deep.equal([
      {
        ...{ ...owner, code: 'network-interface-not-single', kind: 'seen' },
        ...{ network: 'clear', observed: 'eth0, eth2' },
      },
    ])
    expect(problems([...sound, veth('swp0')])).to.deep.equal([
      { ...owner, code: 'interface-unexpected', kind: 'seen', observed: 'swp0: no address' },
    ])
  })

  it('names addresses that are outside, of another size or not the engine’s', () => {
    const at = (...addresses: readonly string[]) =>
      problems([veth('eth0', ...addresses), veth('eth1', '172.18.0.4/16')])
    const where = { ...owner, network: 'clear' }
    expect(at('10.0.1.5/24', '198.51.100.7/24')).to.deep.equal([
      {
        ...{ ...where, code: 'address-outside-subnet', kind: 'seen' },
        ...{ expected: '10.0.1.0/24', observed: '198.51.100.7' },
      },
    ])
    expect(at('10.0.1.5/16')).to.deep.equal([
      {
        ...{ ...where, code: 'prefix-length-differs', kind: 'seen', address: '10.0.1.5' },
        ...{ expected: 24, observed: 16 },
      },
    ])
    expect(at('10.0.1.9/24')).to.deep.equal([
      {
        ...{ ...where, code: 'address-not-held', kind: 'missed', address: '10.0.1.5' },
        observed: '10.0.1.9',
      },
    ])
  })
})

describe('foreignAddresses', () => {
  it('names addresses of networks a task is not on; a network without a subnet has none', () => {
    const foreign = { clear: '10.0.1.0/24', settling: '' }
    expect(foreignAddresses([veth('eth0', '172.17.0.2/16')], foreign, owner)).to.deep.equal([])
    expect(foreignAddresses([veth('eth0', '172.17.0.2/16', '10.0.1.9/24')], foreign, owner)).to.deep.equal([
      {
        ...{ ...owner, code: 'address-without-attachment', kind: 'seen' },
        ...{ network: 'clear', address: '10.0.1.9', observed: 'eth0' },
      },
    ])
  })
})
