import { expect } from 'chai'
import { recorded } from './recorded/recorded.fake.ts'
import { readNetlink } from './netlink.ts'
import { deviceTo, readRefusingRoutes, readRoutes, routesTo } from './route.ts'

describe('routes', () => {
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

  describe('of a host with several ways', () => {
    const { links, routes } = readNetlink(recorded('netlink-6.18', 'netlink.txt').split('\n'))
    const read = readRoutes(routes, links)
    const devices = (address: string): string[] => routesTo(read, address).map(({ device }) => device)

    it('are read over each of their next hops', () => {
      expect(read.filter(({ destination }) => destination === '10.20.0.0/16')).to.deep.equal([
        { destination: '10.20.0.0/16', device: 'eth1', gateway: '192.168.56.1' },
        { destination: '10.20.0.0/16', device: 'br0', gateway: '10.91.2.7' },
      ])
      expect(devices('10.20.1.1')).to.deep.equal(['eth1', 'br0'])
    })

    it('are read with their metrics, of which the lowest counts', () => {
      expect(read).to.deep.include({
        ...{ destination: 'default', device: 'eth1', gateway: '192.168.56.2', metric: 100 },
      })
      const both = [
        { destination: 'default', device: 'eth0', metric: 100 },
        { destination: 'default', device: 'eth1', metric: 99 },
      ]
      expect(deviceTo(both, '192.0.2.1')).to.equal('eth1')
    })

    it('are those that refuse, too', () => {
      expect(readRefusingRoutes(routes)).to.deep.equal([
        { kind: 'unreachable', destination: 'default', metric: 4278198272 },
        { kind: 'blackhole', destination: '10.96.0.0/16', metric: 20 },
        { kind: 'prohibit', destination: '10.97.0.0/24', metric: 0 },
        { kind: 'blackhole', destination: '192.168.56.13/32', metric: 0 },
      ])
    })
  })
})
