import { expect } from 'chai'
import type { Judgement } from '../../lib/observation/judgement.ts'
import type { HostState, Link, NamespaceState } from '../../lib/observe/host-state.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { ownVni } from './vxl-04-own-vni.ts'
import { type DevicePlace, placeProblems } from './network-devices.ts'
import { devices } from './vxl-05-devices.ts'
import { forwarding } from './vxl-06-forwarding.ts'

const facts = threeNodes()
const { clear } = facts.networks
const namespace = overlayNamespace(clear.id)
const codes = ({ problems }: Judgement): string[] => problems.map(({ code, node }) => `${code} ${node}`)

const link = (name: string, index: number, kind: string, more: Partial<Link> = {}): Link => ({
  ...{ name, index, kind, mtuBytes: 1450, mac: `4e:fb:f1:72:fd:0${index}`, up: true, addresses: [] },
  ...more,
})
const links = [
  link('br0', 2, 'bridge', { addresses: [{ address: '10.91.1.1', prefixLength: 24, family: 'inet' }] }),
  link('vxlan0', 4, 'vxlan', { master: 'br0', vxlan: { vni: 4097, port: 4789 } }),
  link('veth0', 6, 'veth', { master: 'br0' }),
  link('veth1', 8, 'veth', { master: 'br0' }),
]
const place: DevicePlace = {
  ...{ network: 'swp-clear', node: 'worker1', namespace, vni: 4097, port: 4789 },
  ...{ endpoints: 2, gateway: '10.91.1.1', links: { got: links } },
}
const settled = (last: unknown, ...before: unknown[]) => ({
  ...{ reached: false, seconds: 31, withinSeconds: 30, failedLooks: 0, last },
  looks: [...before, last].map((seen, index) => ({ atSeconds: index, seen })),
})

describe('devices of a network', () => {
  const changed = (change: (all: readonly Link[]) => readonly Link[]): string[] =>
    placeProblems({ ...place, links: { got: change(links) } }).map(
      ({ code, subject }) => `${code} ${subject ?? ''}`,
    )

  it('are sound with a bridge, a VXLAN device and a veth for each endpoint', () => {
    expect(placeProblems(place)).to.deep.equal([])
  })

  it('are missed, misplaced, of another port, or down', () => {
    expect(placeProblems({ ...place, links: { got: null } })[0]).to.include({
      ...{ code: 'network-namespace-missing', kind: 'missed', subject: namespace },
    })
    expect(changed((all) => all.slice(1))).to.deep.equal([`bridge-missing ${namespace}`])
    expect(changed((all) => all.filter(({ kind }) => kind !== 'vxlan'))).to.deep.equal([
      'vxlan-device-missing ',
    ])
    expect(changed((all) => all.slice(0, 3))).to.deep.equal(['endpoint-devices-differ br0'])
    const vxlan = (more: Partial<Link>) => (all: readonly Link[]) =>
      all.map((one) => (one.kind === 'vxlan' ? { ...one, ...more } : one))
    expect(changed(vxlan({ vxlan: { vni: 4097, port: 4790 } }))).to.deep.equal([
      `device-port-differs ${namespace}`,
    ])
    expect(changed(vxlan({ up: false }))).to.deep.equal(['device-down vxlan0'])
    expect(changed((all) => all.map((one) => ({ ...one, addresses: [] })))).to.deep.equal([
      'gateway-address-missing br0',
    ])
  })

  it('differ where every look said so, and by the name of their node could not be read', () => {
    const own = { worker1: { got: [] } }
    const down = { ...place, links: { got: links.map((one) => ({ ...one, up: one.name !== 'veth1' })) } }
    const look = (one: DevicePlace) => ({ places: [one], own })
    expect(codes(judge(devices, settled(look(down), look(down))))).to.deep.equal(['device-down worker1'])
    expect(codes(judge(devices, settled(look(down), look(place))))).to.deep.equal([])
    const judged = judge(devices, settled(look({ ...place, links: { threw: 'no answer' } })))
    expect(judged.unseen).to.deep.equal([{ what: 'devices', nodes: ['worker1'], why: 'no answer' }])
    expect(outcomeOf(judged)).to.equal('inconclusive')
  })

  it('of the overlay must not be in the node’s own namespace', () => {
    const own = { worker1: { got: [{ device: 'vxlan7', network: 'swp-clear' }] } }
    const judged = judge(devices, settled({ places: [place], own }))
    expect([outcomeOf(judged), codes(judged)]).to.deep.equal(['fail', ['device-outside worker1']])
  })

  it('of no network at all conclude nothing', () => {
    expect(outcomeOf(judge(devices, settled({ places: [], own: {} })))).to.equal('inconclusive')
  })
})

describe('judging forwarding tables', () => {
  it('looks at networks of operators as well, by what engines tell of them', async () => {
    const id = 'm6q9higc0jqdiqai12qktwunw'
    const endpoint = { name: 'app.1', address: '10.0.4.3', mac: '02:42:0a:00:04:03', prefixLength: 24 }
    const view = (endpoints: object) => ({
      ...{
        id,
        name: 'app',
        driver: 'overlay',
        scope: 'swarm',
        subnets: [],
        gateways: [],
        peers: [],
        endpoints,
      },
      options: { 'com.docker.network.driver.overlay.vxlanid_list': '4102' },
    })
    const at = (node: string) => ({
      ['a'.repeat(64)]: { ...endpoint, address: node === 'worker1' ? '10.0.4.4' : '10.0.4.3' },
    })
    const views = { manager: [view(at('manager'))], worker1: [view(at('worker1'))], worker2: [view({})] }
    const lab = {
      ...{ facts: { ...facts, networks: {}, tasks: [] }, signal: new AbortController().signal },
      scene: ({ key }: { key: string }) => Promise.resolve(key === 'network-views' ? views : {}),
    }
    const { last } = (await forwarding.observe(lab as never)) as {
      last: { network: string; node: string; vni: number; remote: { address: string }[] }[]
    }
    expect(
      last.map(({ network, node, vni, remote }) => [
        network,
        node,
        vni,
        remote.map(({ address }) => address),
      ]),
    ).to.deep.equal([
      ['app', 'manager', 4102, ['10.0.4.4']],
      ['app', 'worker1', 4102, ['10.0.4.3']],
    ])
  })

  const remote = [
    { name: 'swp-web@worker2', node: 'worker2', address: '10.91.1.4', mac: '02:42:0a:5b:01:04' },
  ].map((one) => ({ ...one, vtep: '192.168.56.13' }))
  const tables = {
    links: links.slice(1, 2),
    neighbours: [{ address: '10.91.1.4', mac: '02:42:0a:5b:01:04', device: 'vxlan0', state: 'PERMANENT' }],
    fdb: [{ mac: '02:42:0a:5b:01:04', vtep: '192.168.56.13', device: 'vxlan0', permanent: true }],
  }
  const at = (more: object) => [
    { network: 'swp-clear', node: 'worker1', vni: 4097, namespace, remote, ...more },
  ]

  it('names the node whose table lacks the task, and the way', () => {
    const lacking = at({ tables: { got: { ...tables, fdb: [] } } })
    const judged = judge(forwarding, settled(lacking, lacking))
    expect(judged.problems).to.deep.equal([
      {
        ...{ code: 'forwarding-missing', kind: 'missed', node: 'worker1', network: 'swp-clear' },
        ...{ path: { from: 'worker1', to: 'worker2' } },
        ...{ subject: 'swp-web@worker2', address: '02:42:0a:5b:01:04' },
      },
    ])
    expect(outcomeOf(judge(forwarding, settled(at({ tables: { got: tables } }), lacking)))).to.equal('pass')
  })

  it('does not tell by one look what stays', () => {
    const judged = judge(forwarding, {
      ...settled(at({ tables: { got: { ...tables, fdb: [] } } })),
      failedLooks: 4,
    })
    expect([outcomeOf(judged), judged.problems]).to.deep.equal(['inconclusive', []])
  })
})

describe('judging VNIs', () => {
  const namespaceOf = (vni: number): NamespaceState =>
    ({ links: [link('vxlan0', 4, 'vxlan', { vxlan: { vni, port: 4789 } })] }) as unknown as NamespaceState
  const state = (node: string, more: Partial<HostState> = {}): HostState =>
    ({
      ...{ host: node, root: { links: [] }, unavailable: [], namespaces: { [namespace]: namespaceOf(4097) } },
      ...more,
    }) as unknown as HostState
  const view = (id: string, name: string, vni: number) => ({
    ...{ id, name, driver: 'overlay', scope: 'swarm', endpoints: {} },
    options: { 'com.docker.network.driver.overlay.vxlanid_list': String(vni) },
  })
  const views = { manager: [view(clear.id, 'swp-clear', 4097), view('other', 'swp-secret', 4098)] }
  const states = (last: HostState) => ({
    kernel: { manager: state('manager'), worker1: state('worker1'), worker2: last },
    views,
  })

  it('passes where each network has its own', () => {
    expect(outcomeOf(judge(ownVni, states(state('worker2'))))).to.equal('pass')
  })

  it('names a device of another VNI and the namespace that uses one twice', () => {
    const wrong = state('worker2', {
      namespaces: { [namespace]: namespaceOf(5000), '1-gone': namespaceOf(4097) },
    })
    expect(codes(judge(ownVni, states(wrong)))).to.deep.equal([
      'vni-of-device-differs worker2',
      'vni-of-two-namespaces worker2',
    ])
  })

  it('is not content with namespaces that could not be read', () => {
    for (const what of [
      `namespace /run/docker/netns/${namespace}`,
      `output of ip in /run/docker/netns/${namespace}`,
    ]) {
      const unread = state('worker2', { namespaces: {}, unavailable: [{ what, tool: 'ip', package: '' }] })
      const judged = judge(ownVni, states(unread))
      expect([outcomeOf(judged), judged.unseen[0]?.nodes]).to.deep.equal(['inconclusive', ['worker2']])
    }
    const unavailable = [{ what: 'links', tool: 'ip', package: 'iproute2' }]
    expect(outcomeOf(judge(ownVni, states(state('worker2', { unavailable }))))).to.equal('skip')
  })
})
