import { expect } from 'chai'
import { hostState, link, namespace } from '../host-states.fake.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { bridgeView, kernel, names, node, overlay, views } from './bridged-nodes.fake.ts'
import { noOverlap } from './gwb-01-no-overlap.ts'

describe('GWB-01', () => {
  const withRoute = (destination: string): unknown => ({
    ...{ views, kernel: { ...kernel, worker2: node('worker2', [{ destination, device: 'tun0' }]) } },
  })

  it('passes where nothing overlaps', () => {
    expect(verdictOf(noOverlap, { kernel, views }).outcome).to.equal('pass')
  })

  it('fails for a route into the bridge, however wide, and for a host route', () => {
    for (const destination of ['172.18.255.254', '172.16.0.0/12', '128.0.0.0/2']) {
      const { outcome, problems } = verdictOf(noOverlap, withRoute(destination))
      expect(outcome, destination).to.equal('fail')
      expect(problems).to.have.lengthOf(1)
      expect(problems[0]).to.include({ code: 'bridge-overlaps-route', node: 'worker2' })
    }
  })

  it('passes beside the halves of the world by which a VPN overrides the default route', () => {
    for (const destination of ['0.0.0.0/1', '128.0.0.0/1'])
      expect(verdictOf(noOverlap, withRoute(destination)).outcome, destination).to.equal('pass')
  })

  it('fails for an overlay in the range of the bridge, on every node that has it', () => {
    const taken = { ...overlay, subnets: ['172.18.4.0/24'] }
    const { problems } = verdictOf(noOverlap, { kernel, views: { ...views, worker2: [bridgeView, taken] } })
    expect(problems.map(({ code, node: at }) => [code, at])).to.deep.equal(
      names.map((name) => ['bridge-overlaps-overlay', name]),
    )
  })

  it('knows nothing of a node whose bridge has no address, and says so', () => {
    const bare = hostState(
      'worker1',
      namespace([link('eth1', 1500)], [{ destination: '10.0.0.0/8', device: 'eth1' }]),
    )
    const { outcome, reason } = verdictOf(noOverlap, { views, kernel: { ...kernel, worker1: bare } })
    expect(outcome).to.equal('inconclusive')
    expect(reason).to.include('worker1')
  })
})
