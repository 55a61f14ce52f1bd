import { expect } from 'chai'
import { gatewayProblems, maskProblems, overlapProblems } from './assigned.ts'

const auto = { id: 'a1', name: 'auto', subnet: '10.0.1.0/24', gateway: '10.0.1.1' }

describe('what a network is assigned', () => {
  it('is sound with a gateway inside that nobody else has', () => {
    expect(gatewayProblems(auto, [{ who: 'web@worker1', address: '10.0.1.3' }])).to.deep.equal([])
  })

  it('is not with a gateway that is missing, outside, the subnet’s own address or somebody’s', () => {
    expect(gatewayProblems({ ...auto, gateway: '' }, [])).to.deep.equal([
      'auto (10.0.1.0/24) was assigned no gateway',
    ])
    expect(gatewayProblems({ ...auto, gateway: '10.0.2.1' }, [])).to.deep.equal([
      'the gateway 10.0.2.1 of auto is outside its subnet 10.0.1.0/24',
    ])
    expect(gatewayProblems({ ...auto, gateway: '10.0.1.0' }, [])[0]).to.include('its subnet’s own address')
    expect(gatewayProblems(auto, [{ who: 'virtual IP of web', address: '10.0.1.1' }])).to.deep.equal([
      'virtual IP of web has 10.0.1.1, which is the gateway of auto',
    ])
  })

  it('has the mask length of the swarm, and the swarm the one asked for', () => {
    expect(maskProblems('manager', { stated: 24, askedFor: 24 }, [auto])).to.deep.equal([])
    expect(maskProblems('manager', { stated: 26, askedFor: undefined }, [])).to.deep.equal([])
    expect(maskProblems('manager', { stated: 26, askedFor: 24 }, [auto])).to.deep.equal([
      'manager states mask length 26 for the swarm, expected 24',
      'manager assigned auto 10.0.1.0/24, the mask length it states for the swarm is 26',
    ])
  })

  it('overlaps no other network and no route, and itself does not count', () => {
    const self = { node: 'worker1', id: 'a1', name: 'auto', subnet: '10.0.1.0/24' }
    const route = { node: 'worker1', destination: '10.0.0.0/16', device: 'tun0' }
    expect(overlapProblems(auto, [self], [])).to.deep.equal([])
    expect(overlapProblems(auto, [{ ...self, id: 'b2', name: 'other' }], [route])).to.deep.equal([
      '10.0.1.0/24 of auto overlaps network other (10.0.1.0/24) on worker1',
      '10.0.1.0/24 of auto overlaps route 10.0.0.0/16 dev tun0 on worker1',
    ])
  })
})
