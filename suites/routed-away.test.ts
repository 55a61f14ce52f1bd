import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { parseRoutingRules, type RoutingRule } from '../lib/observe/policy-routing.ts'
import { recorded } from '../lib/observe/recorded/recorded.fake.ts'
import { parseRoutingTables, type TableRoute } from '../lib/observe/routing-table.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'

type State = Changeable<HostState>

const read = (file: string): string => recorded('routes-of-tunnels', file)

/** Worker2, 192.168.56.13, has the rules and the table of the recorded host. */
const routedAs =
  (of: string, table: string, change: (state: State) => void = () => {}) =>
  (state: State, node: string): void => {
    open(state)
    if (node !== 'worker2') return
    const ofRules = new Map([[table, read(`${of}.${table}.json`)]])
    state.routingRules = [...(parseRoutingRules(read(`${of}.rules.json`)) ?? [])] as RoutingRule[]
    state.routingTables = [
      ...(parseRoutingTables(read('uplink.ways-out.json'), '', 'worker2', ofRules) ?? []),
    ] as NonNullable<State['routingTables']>
    change(state)
  }

/** Without what the fault of the case put there. */
function open(state: State): void {
  state.root.firewall = state.root.firewall.filter(
    ({ chain, rule }) =>
      !(
        /^(FORWARD|INPUT|OUTPUT)$/.test(chain) &&
        / -j DROP$/.test(rule) &&
        !/bytecode|gwbridge -o/.test(rule)
      ),
  )
}

const forwarding = (state: State): void => {
  const { root } = state
  root.forwards = true
  for (const [name, value] of Object.entries(root.settings ?? {}))
    if (root.settings !== undefined && value === '0' && /forward(ing)?$/.test(name)) root.settings[name] = '1'
}

const withRoutes = (state: State, ...routes: TableRoute[]): void => {
  const [table] = state.routingTables?.filter(({ routes: all }) => all !== undefined) ?? []
  if (table !== undefined) table.routes = routes
}

const titleOf = (found: ReturnType<typeof explainWithKernel>): string => found.findings[0]?.title ?? ''

describe('routes that lead past docker_gwbridge', function () {
  this.timeout(30_000)

  it('are the cause where a rule leads what is translated for containers into a tunnel', () => {
    const found = explainWithKernel('forward-dropped', routedAs('tailscale', '52'))
    expect(causesOf(found)).to.deep.equal([['container-traffic-routed-away', ['worker2']]])
    expect(titleOf(found)).to.equal(
      'worker2 sends what is for containers behind docker_gwbridge (172.18.0.2) by tailscale0, not by docker_gwbridge: the route 172.16.0.0/12 dev tailscale0 in table 52, to which the policy routing rule 5270 (from all lookup 52) leads',
    )
  })

  it('are the cause where a rule refuses what containers send, and not where they send elsewhere', () => {
    const found = explainWithKernel('forwarding-off', routedAs('uplink', '77', forwarding))
    expect(causesOf(found)).to.deep.equal([
      ['container-traffic-routed-away', ['worker2']],
      ['container-traffic-routed-away', ['worker2']],
    ])
    expect(found.findings.map(({ title }) => title)).to.deep.equal([
      'worker2 refuses what is for containers behind docker_gwbridge (172.18.0.2): the policy routing rule 80 (from all to 172.18.0.0/16 prohibit)',
      'worker2 refuses what its containers send outside (192.168.56.11): the route blackhole 192.168.56.11/32 in table 77, to which the policy routing rule 90 (from all iif docker_gwbridge lookup 77) leads',
    ])
    const open = (state: State): void => {
      forwarding(state)
      state.routingRules = (state.routingRules ?? []).filter(({ priority }) => priority !== 80)
      withRoutes(state, { destination: 'default', device: 'eth1', gateway: '192.168.56.254' })
    }
    expect(causesOf(explainWithKernel('forwarding-off', routedAs('uplink', '77', open)))).to.deep.equal([])
  })

  it('are none where main is asked before for all but a default route, as wg-quick has it', () => {
    expect(causesOf(explainWithKernel('forward-dropped', routedAs('wg-quick', '51820')))).to.deep.equal([])
  })

  it('are the cause in the table main as well, where one is more specific', () => {
    const found = explainWithKernel('forward-dropped', (state, node) => {
      open(state)
      if (node === 'worker2')
        state.root.routes.push({ destination: '172.18.0.0/24', device: 'eth0', gateway: '10.0.2.2' })
    })
    expect(causesOf(found)).to.deep.equal([['container-traffic-routed-away', ['worker2']]])
    expect(titleOf(found)).to.match(/: the route 172\.18\.0\.0\/24 via 10\.0\.2\.2 dev eth0$/)
  })

  it('are none where what was missed ended elsewhere, or where the table was not read', () => {
    const unread = (state: State): void => {
      for (const one of state.routingTables ?? []) delete one.routes
    }
    const found = explainWithKernel('forward-dropped', routedAs('tailscale', '52', unread))
    expect(causesOf(found)).to.deep.equal([])
    const lost = causesOf(explainWithKernel('vxlan-lost', routedAs('uplink', '77')))
    expect(lost.map(([code]) => code)).to.not.include('container-traffic-routed-away')
  })
})

describe('a rule that leads to another table', () => {
  it('is followed to the route that takes the traffic of nodes away', () => {
    const found = explainWithKernel('vxlan-not-sent', routedAs('tailscale', '52'))
    expect(causesOf(found)[0]).to.deep.equal(['peer-by-another-interface', ['worker2']])
    expect(titleOf(found)).to.equal(
      'worker2 sends all traffic of the swarm for manager by tailscale0, not by eth1: it has a route 192.168.56.0/24 dev tailscale0 in table 52, to which the policy routing rule 5270 (from all lookup 52) leads',
    )
  })

  it('is followed to what refuses another node', () => {
    const toAll = (state: State): void => {
      state.routingRules = [{ priority: 90, table: '77' }]
    }
    const found = explainWithKernel('vxlan-not-sent', routedAs('uplink', '77', toAll))
    expect(causesOf(found)[0]).to.deep.equal(['peer-not-routed', ['worker2']])
    expect(titleOf(found)).to.contain('blackhole 192.168.56.11/32 table 77')
  })

  it('is no cause where main is asked before', () => {
    const first = (state: State): void => {
      state.routingRules?.unshift({ priority: 100, to: '192.168.56.0/24', table: 'main' })
    }
    const found = causesOf(explainWithKernel('vxlan-not-sent', routedAs('tailscale', '52', first)))
    expect(found.map(([code]) => code)).to.not.include('peer-by-another-interface')
  })
})
