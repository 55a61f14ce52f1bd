import { expect } from 'chai'
import { deviceTo, parseRoutes } from './route.ts'

describe('routes', () => {
  it('reads default, connected and single-host routes, and leaves out those without a device', () => {
    const line =
      '[{"type":"unicast","dst":"default","gateway":"172.18.0.1","dev":"eth1","protocol":"boot","scope":"global","flags":[]},{"type":"unicast","dst":"10.91.2.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"10.91.2.3","flags":[]},{"type":"unicast","dst":"192.0.2.7","gateway":"172.18.0.1","dev":"eth1","flags":[]},{"type":"blackhole","dst":"198.51.100.0/24","flags":[]}]'
    expect(parseRoutes(line)).to.deep.equal([
      { destination: 'default', device: 'eth1', gateway: '172.18.0.1' },
      { destination: '10.91.2.0/24', device: 'eth0' },
      { destination: '192.0.2.7/32', device: 'eth1', gateway: '172.18.0.1' },
    ])
  })

  it('lead by the narrowest one', () => {
    const routes = [
      { destination: 'default', device: 'eth1' },
      { destination: '10.91.0.0/16', device: 'eth2' },
      { destination: '10.91.2.0/24', device: 'eth0' },
    ]
    expect(deviceTo(routes, '10.91.2.3')).to.equal('eth0')
    expect(deviceTo(routes, '10.91.3.3')).to.equal('eth2')
    expect(deviceTo(routes, '192.0.2.1')).to.equal('eth1')
    expect(deviceTo(routes.slice(1), '192.0.2.1')).to.equal(undefined)
  })
})
