import { expect } from 'chai'
import { type Assigned, gatewayProblems, maskProblems, overlapProblems } from './assigned.ts'

const auto = { id: 'a1', name: 'auto', subnet: '10.0.1.0/24', gateway: '10.0.1.1' }
const where = { node: 'manager', network: 'auto', kind: 'seen' }

describe('what a network is assigned', () => {
  const gateways = (changes: Partial<Assigned>, ...used: Parameters<typeof gatewayProblems>[2]) =>
    gatewayProblems('manager', { ...auto, ...changes }, used)

  it('is sound with a gateway inside that nobody else has', () => {
    const web = { who: 'web@worker1', node: 'worker1', address: '10.0.1.3' }
    expect(gateways({}, web)).to.deep.equal([])
  })

  it('is not with a gateway that is missing, outside, the subnet’s own address or somebody’s', () => {
    expect(gateways({ gateway: '' })).to.deep.equal([
      { ...where, code: 'gateway-not-assigned', kind: 'missed' },
    ])
    expect(gateways({ gateway: '10.0.2.1' })).to.deep.equal([
      { ...where, code: 'gateway-outside-subnet', expected: '10.0.1.0/24', observed: '10.0.2.1' },
    ])
    expect(gateways({ gateway: '10.0.1.0' })).to.deep.equal([
      { ...where, code: 'gateway-is-subnet-address', address: '10.0.1.0' },
    ])
    const taken = { ...where, code: 'gateway-address-used', address: '10.0.1.1' }
    expect(
      gateways(
        {},
        { who: 'virtual IP of web', address: '10.0.1.1' },
        { who: 'web@worker1', node: 'worker1', address: '10.0.1.1' },
      ),
    ).to.deep.equal([
      { ...taken, subject: 'virtual IP of web' },
      { ...taken, subject: 'web@worker1', node: 'worker1' },
    ])
  })

  it('has the mask length of the swarm, and the swarm the one asked for', () => {
    expect(maskProblems('manager', { stated: 24, askedFor: 24 }, [auto])).to.deep.equal([])
    expect(maskProblems('manager', { stated: 26, askedFor: undefined }, [])).to.deep.equal([])
    expect(maskProblems('manager', { stated: 26, askedFor: 24 }, [auto])).to.deep.equal([
      { code: 'swarm-mask-length-differs', kind: 'seen', node: 'manager', expected: 24, observed: 26 },
      { ...where, code: 'subnet-mask-length-differs', address: '10.0.1.0/24', expected: 26 },
    ])
  })

  it('overlaps no other network and no route, and itself does not count', () => {
    const self = { node: 'worker1', id: 'a1', name: 'auto', subnet: '10.0.1.0/24' }
    const route = { node: 'worker1', destination: '10.0.0.0/16', device: 'tun0' }
    const shared = { ...where, node: 'worker1', address: '10.0.1.0/24' }
    expect(overlapProblems(auto, [self], [])).to.deep.equal([])
    expect(overlapProblems(auto, [{ ...self, id: 'b2', name: 'other' }], [route])).to.deep.equal([
      { ...shared, code: 'subnet-overlaps-network', subject: 'other', observed: '10.0.1.0/24' },
      { ...shared, code: 'subnet-overlaps-route', subject: '10.0.0.0/16 dev tun0' },
    ])
  })

  it('is not overlapped by routes that stand for everything else, and is by the narrowest of others', () => {
    const routes = (...destinations: readonly string[]) =>
      overlapProblems(
        auto,
        [],
        destinations.map((destination) => ({ node: 'worker1', destination, device: 'tun0' })),
      ).map(({ subject }) => subject)
    expect(routes('default', '0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1')).to.deep.equal([])
    expect(routes('0.0.0.0/2', '10.0.1.9')).to.deep.equal(['0.0.0.0/2 dev tun0', '10.0.1.9 dev tun0'])
  })
})
