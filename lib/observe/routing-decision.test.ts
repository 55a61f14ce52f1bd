import { expect } from 'chai'
import { hostState, link, namespace } from '../../suites/host-states.fake.ts'
import type { HostState } from './host-state.ts'
import { parseRoutingRules } from './policy-routing.ts'
import { recorded } from './recorded/recorded.fake.ts'
import { type RoutedPacket, routingDecision } from './routing-decision.ts'
import { parseRoutingTables } from './routing-table.ts'

const read = (file: string): string => recorded('routes-of-tunnels', file)

function stateOf(of: string, table: string, change: Partial<HostState> = {}): HostState {
  const links = [
    link('eth1', 1500, { addresses: ['192.168.56.13/24'] }),
    link('docker_gwbridge', 1500, { addresses: ['172.18.0.1/16'] }),
  ]
  const routes = [
    { destination: 'default', device: 'eth1', gateway: '192.168.56.1' },
    { destination: '192.168.56.0/24', device: 'eth1' },
    { destination: '172.18.0.0/16', device: 'docker_gwbridge' },
  ]
  const tables = parseRoutingTables(
    recorded('routes-of-tunnels', 'uplink.ways-out.json'),
    '',
    'node',
    new Map([[table, read(`${of}.${table}.json`)]]),
  )
  return {
    ...hostState('node', namespace(links, routes)),
    refusingRoutes: [],
    routingRules: parseRoutingRules(read(`${of}.rules.json`)) ?? [],
    ...(tables === undefined ? {} : { routingTables: tables }),
    ...change,
  }
}

const asked = { protocol: 'tcp' }
const toContainer: RoutedPacket = { to: '172.18.0.2', from: '192.168.56.11', comesIn: 'eth1', asked }
const toPeer: RoutedPacket = { to: '192.168.56.11', comesIn: 'lo', asked: { protocol: 'udp' } }
const toWorld: RoutedPacket = { to: '203.0.113.9', comesIn: 'lo', asked }

function told(state: HostState, packet: RoutedPacket): string {
  const found = routingDecision(state, packet)
  if (found === undefined) return 'not known'
  const { table, routes, refused } = found
  const how = refused === undefined ? routes.map(({ device }) => device).join() : refused.kind
  return `${table} ${how}`.trim()
}

describe('rules and tables of policy routing', () => {
  it('of wg-quick leave networks of their own to main, and take what main has a default for', () => {
    const state = stateOf('wg-quick', '51820')
    expect([toContainer, toPeer, toWorld].map((one) => told(state, one))).to.deep.equal([
      'main docker_gwbridge',
      'main eth1',
      '51820 wg0',
    ])
  })

  it('of Tailscale take the networks of the host where its routes are accepted', () => {
    const state = stateOf('tailscale', '52')
    expect([toContainer, toPeer, toWorld].map((one) => told(state, one))).to.deep.equal([
      '52 tailscale0',
      '52 tailscale0',
      'main eth1',
    ])
    expect(told(state, { ...toWorld, to: '10.20.1.1' })).to.equal('main eth1')
  })

  it('refuse, by a rule or by the route with the lowest metric', () => {
    const state = stateOf('uplink', '77')
    const fromContainer = { from: '172.18.0.3', comesIn: 'docker_gwbridge', asked }
    expect(told(state, toContainer)).to.equal('prohibit')
    expect(told(state, { ...fromContainer, to: '192.168.56.11' })).to.equal('77 blackhole')
    expect(told(state, { ...fromContainer, to: '192.168.56.12' })).to.equal('77 eth1')
  })

  it('are not known where a rule asks for a port, or where its table was not read', () => {
    expect(told(stateOf('uplink', '77'), toPeer)).to.equal('not known')
    expect(told(stateOf('tailscale', '52', { routingTables: [] }), toPeer)).to.equal('not known')
    const { refusingRoutes: _, ...unread } = stateOf('wg-quick', '51820')
    expect(told(unread, toPeer)).to.equal('not known')
  })

  it('meet marks that the firewall sets: one that it may have set is not known', () => {
    const firewall = (rule: string) => [
      { table: 'mangle', chain: 'OUTPUT', position: 1, rule, packets: 0, bytes: 0 },
    ]
    const marking = (rule: string): string => {
      const state = stateOf('wg-quick', '51820')
      return told({ ...state, root: { ...state.root, firewall: firewall(rule) } }, toWorld)
    }
    expect(marking('-p tcp -j MARK --set-xmark 0xca6c/0xffffffff')).to.equal('not known')
    expect(marking('-p tcp -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff')).to.equal(
      'not known',
    )
    expect(marking('-p udp -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff')).to.equal(
      '51820 wg0',
    )
    expect(marking('-p tcp -j MARK --set-xmark 0xd0c4e3/0xffffffff')).to.equal('51820 wg0')
  })

  it('have no route where none covers the address', () => {
    const state = stateOf('wg-quick', '51820', { routingRules: [] })
    const decision = routingDecision({ ...state, root: { ...state.root, routes: [] } }, toPeer)
    expect(decision).to.deep.equal({ table: 'main', routes: [] })
  })
})
