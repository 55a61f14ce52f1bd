import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { parseRoutingRules } from '../lib/observe/policy-routing.ts'
import { recorded } from '../lib/observe/recorded/recorded.fake.ts'
import { parseRoutingTables } from '../lib/observe/routing-table.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

type State = Changeable<HostState>
const read = (file: string): string => recorded('routes-by-source', file)
const rules = () => [...(parseRoutingRules(read('ip-rule.json')) ?? [])] as NonNullable<State['routingRules']>
const tables = () =>
  [...(parseRoutingTables(read('ways-out.json'), read('gateway-routes.json')) ?? [])] as NonNullable<
    State['routingTables']
  >

/** Worker1, 192.168.56.12, has the rules of the recorded host: table 100 has no route to the bridge of published ports. */
const routed =
  (change: (state: State) => void = () => {}) =>
  (state: State, node: string): void => {
    if (node !== 'worker1') return
    state.routingRules = rules()
    state.routingTables = tables()
    change(state)
  }
const codesOf = async (run: string, change?: (state: State) => void): Promise<string[]> =>
  (await findingsWhere(run, routed(change))).map(({ code }) => code)

describe('an address of a node that has routes of its own', () => {
  it('is named as one whose published ports answer by another way', async () => {
    const found = await findingsWhere('standard-conformant', routed())
    const advice = found.find(({ code }) => code === 'answers-leave-another-way')
    expect(advice?.title).to.equal(
      'worker1 answers requests to published ports at 192.168.56.12 by eth0 via 10.0.2.2, not by eth1 via 192.168.56.1',
    )
    expect(advice).to.deep.include({ severity: 'advice', nodes: ['worker1'], explains: [] })
    expect(found.map(({ code }) => code)).to.not.include('own-address-past-tasks')
  })

  const seenTo: Readonly<Record<string, (state: State) => void>> = {
    'the ways are the same': ({ routingTables = [] }) => {
      for (const one of routingTables) one.hops = [{ device: 'eth0', gateway: '10.0.2.2' }]
    },
    'connections keep a mark that leads by the same table': ({ routingRules }) =>
      routingRules?.push({ priority: 1, mark: '0x2', table: '100' }),
    'what comes in by the bridge does': ({ routingRules }) =>
      routingRules?.push({ priority: 1, comesIn: 'docker_gwbridge', table: '100' }),
    'the rule is for one destination': ({ routingRules = [] }) => {
      for (const rule of routingRules) rule.to = '10.9.0.0/16'
    },
    'the rule is for one protocol': ({ routingRules = [] }) => {
      for (const rule of routingRules) rule.more = true
    },
    'the rule is for a subnet of containers': (state) => {
      for (const rule of state.routingRules ?? []) rule.from = '172.17.0.0/16'
      const [link] = state.root.links.filter(({ name }) => name === 'docker0')
      if (link === undefined) throw new Error('there is no docker0')
      for (const one of link.addresses) if (one.family === 'inet') one.address = '172.17.0.1'
    },
    'the tables were not read': (state) => delete state.routingTables,
  }
  for (const [why, change] of Object.entries(seenTo))
    it(`is not where ${why}`, async () => {
      expect(await codesOf('standard-conformant', change)).to.not.include('answers-leave-another-way')
    })

  it('is the cause where the node does not reach published ports there', async () => {
    const open = (state: State): void => {
      state.root.firewall = state.root.firewall.filter(({ chain }) => chain !== 'INPUT')
    }
    const found = await findingsWhere('quick-data-port-dropped', (state, node) => {
      open(state)
      routed()(state, node)
    })
    const cause = found.find(({ code }) => code === 'own-address-past-tasks')
    expect(cause).to.deep.include({ severity: 'cause', nodes: ['worker1'], explains: ['ING-01'] })
    expect(cause?.title).to.contain('its rule for 192.168.56.12 leads to table 100')
    expect(
      await codesOf('quick-data-port-dropped', (state) => {
        open(state)
        for (const one of state.routingTables ?? []) one.toGatewayBridge = true
      }),
    ).to.not.include('own-address-past-tasks')
  })

  it('is none where a rule before leads to the bridge', async () => {
    const found = await codesOf('quick-data-port-dropped', (state) => {
      state.root.firewall = state.root.firewall.filter(({ chain }) => chain !== 'INPUT')
      state.routingRules?.push({ priority: 100, to: '172.16.0.0/12', table: 'main' })
    })
    expect(found).to.not.include('own-address-past-tasks')
  })
})
