import { expect } from 'chai'
import { poolsUsedUp } from './local-pools.ts'

const route = (destination: string, device = 'eth0', gateway?: string) => ({
  ...{ destination, device },
  ...(gateway === undefined ? {} : { gateway }),
})
const usual = [route('default', 'eth0', '192.0.2.1'), route('172.17.0.0/16', 'docker0')]
const destinations = (routes: Parameters<typeof poolsUsedUp>[0], version = '26.1.5+dfsg1') =>
  poolsUsedUp(routes, version)?.routes.map(({ destination }) => destination)

describe('the pools of an engine', () => {
  it('have room beside a default route, a bridge of its own and a network of the usual kind', () => {
    expect(destinations(usual)).to.equal(undefined)
    expect(destinations([...usual, route('192.168.56.0/24', 'eth1'), route('10.0.0.0/8')])).to.equal(
      undefined,
    )
  })

  it('are used up by halves of the world that a device is reached by', () => {
    const halves = [
      route('0.0.0.0/1', 'tun0'),
      route('128.0.0.0/1', 'tun0'),
      route('192.168.56.0/24', 'eth1'),
    ]
    expect(destinations([...usual, ...halves])).to.deep.equal(['128.0.0.0/1'])
    expect(destinations([route('172.16.0.0/12', 'tun0'), route('192.168.0.0/16', 'eth1')])).to.deep.equal([
      '192.168.0.0/16',
      '172.16.0.0/12',
    ])
  })

  it('are used up by such routes via a gateway for engines before 23.0 alone', () => {
    const via = [...usual, route('0.0.0.0/1', 'tun0', '10.8.0.1'), route('128.0.0.0/1', 'tun0', '10.8.0.1')]
    expect(destinations(via)).to.equal(undefined)
    expect(destinations(via, '28.5.2')).to.equal(undefined)
    expect(destinations(via, '20.10.24+dfsg1')).to.deep.equal(['128.0.0.0/1'])
  })

  it('are others where a bridge has another subnet', () => {
    const halves = [route('0.0.0.0/1', 'tun0'), route('128.0.0.0/1', 'tun0')]
    expect(destinations([route('10.200.0.0/24', 'docker0'), ...halves])).to.equal(undefined)
    expect(destinations([route('10.200.0.0/24', 'br-0123456789ab'), ...halves])).to.equal(undefined)
  })

  it('are used up by as many networks', () => {
    const all = [
      ...Array.from({ length: 15 }, (_, index) => route(`172.${17 + index}.0.0/16`, 'br-0123456789ab')),
      ...Array.from({ length: 16 }, (_, index) => route(`192.168.${index * 16}.0/20`, 'br-0123456789ab')),
    ]
    expect(poolsUsedUp(all, '28.5.2')).to.deep.equal({ routes: [], bridges: 31 })
    expect(poolsUsedUp(all.slice(1), '28.5.2')).to.equal(undefined)
  })
})
