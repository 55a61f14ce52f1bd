import { expect } from 'chai'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import type { HostState, Route } from '../../lib/observe/host-state.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { hostState, link, namespace } from '../host-states.fake.ts'
import { task, threeNodes } from '../three-nodes.fake.ts'
import { defaultNetworks } from './ovl-01-default-networks.ts'
import { instantiatedOnDemand } from './ovl-02-instantiated-on-demand.ts'
import { assignedSubnet } from './ovl-05-assigned-subnet.ts'
import { taskInterfaces } from './ovl-07-interfaces.ts'

const three = threeNodes()
const onAuto = (home: string) => {
  const endpoint = { address: '10.0.1.3', mac: '02:42:0a:00:01:03', prefixLength: 24 }
  return { ...task('island', home, 9), endpoints: { 'swp-auto': endpoint } }
}
const onSecret = (home: string, last: number) => {
  const endpoint = { address: `10.91.2.${last}`, mac: `02:42:0a:5b:02:0${last}`, prefixLength: 24 }
  return { ...task('vault', home, last), endpoints: { 'swp-secret': endpoint } }
}
const vaults = three.nodes.map(({ name }, index) => onSecret(name, index + 3))
const begun = [
  { name: 'ingress', driver: 'overlay', scope: 'swarm' },
  { name: 'docker_gwbridge', driver: 'bridge', scope: 'local' },
]
const built = {
  builtAt: '2026-01-01T00:00:00.000Z',
  requested: {},
  networksBeforeServices: Object.fromEntries(three.nodes.map(({ name }) => [name, begun])),
}
const facts = threeNodes({ tasks: [...three.tasks, ...vaults, onAuto('worker1')], built })
const namespaceNames = Object.values(facts.networks).map(({ id }) => `1-${id.slice(0, 10)}`)
const [ofClear = '', ofSecret = '', ofAuto = ''] = namespaceNames

const view = (id: string, name: string, driver: string, scope: string, subnet: string) => ({
  ...{ id, name, driver, scope, subnets: [subnet], gateways: [], options: {}, peers: [], endpoints: {} },
})
/** Overlays are listed by managers, and by workers that run a task on them. */
const viewsOf = (node: string) => [
  view('b1', 'bridge', 'bridge', 'local', '172.17.0.0/16'),
  view('gw', 'docker_gwbridge', 'bridge', 'local', '172.18.0.0/16'),
  ...Object.values(facts.networks)
    .filter(
      ({ name, ingress }) =>
        ingress || node === 'manager' || facts.tasks.some((one) => one.node === node && one.endpoints[name]),
    )
    .map(({ id, name, subnet }) => view(id, name, 'overlay', 'swarm', subnet)),
]
const views = Object.fromEntries(facts.nodes.map(({ name }) => [name, viewsOf(name)]))

const kernelOf = (node: string, routes: readonly Route[] = []): HostState => {
  const tasks = facts.tasks.filter((one) => one.node === node)
  const networks = new Set(tasks.flatMap(({ endpoints }) => Object.keys(endpoints)))
  const held = Object.values(facts.networks).filter(({ name }) => networks.has(name))
  const namespaces = [
    ...held.map(({ id }) => [`1-${id.slice(0, 10)}`, namespace([])] as const),
    ...tasks.map(({ id, endpoints }, index) => {
      const [endpoint] = Object.values(endpoints)
      return [
        id,
        namespace([
          link('lo', 65536, { mac: '00:00:00:00:00:00', addresses: ['127.0.0.1/8'] }),
          link('eth0', 1450, {
            ...{ mac: endpoint?.mac ?? '', kind: 'veth', addresses: [`${endpoint?.address}/24`] },
          }),
          link('eth1', 1500, { kind: 'veth', addresses: [`172.18.0.${index + 3}/16`] }),
        ]),
      ] as const
    }),
  ]
  const usual = [
    { destination: 'default', device: 'eth0' },
    { destination: '192.168.56.0/24', device: 'eth1' },
  ]
  return hostState(node, namespace([], [...usual, ...routes]), Object.fromEntries(namespaces))
}
const kernel = Object.fromEntries(facts.nodes.map(({ name }) => [name, kernelOf(name)]))
const without = <T>(all: Readonly<Record<string, T>>, name: string): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([key]) => key !== name))
const shown = ({ problems }: Judgement) => problems.map(({ code, node, network }) => [code, node, network])

describe('OVL-01', () => {
  const judged = (now: unknown = views, of: ClusterFacts = facts) =>
    judge(defaultNetworks, { views: now }, of)

  it('passes where both were there from the beginning and are there now', () => {
    expect(outcomeOf(judged())).to.equal('pass')
    expect(outcomeOf(judged(views, threeNodes()))).to.equal('pass')
  })

  it('names what is missing now and what was missing before any service', () => {
    const without1 = {
      ...views,
      worker1: viewsOf('worker1').filter(({ name }) => name !== 'docker_gwbridge'),
    }
    expect(shown(judged(without1))).to.deep.equal([['network-missing', 'worker1', 'docker_gwbridge']])
    const networksBeforeServices = { ...built.networksBeforeServices, worker2: begun.slice(1) }
    expect(shown(judged(views, { ...facts, built: { ...built, networksBeforeServices } }))).to.deep.equal([
      ['network-missing-at-first', 'worker2', 'ingress'],
    ])
  })

  it('names another driver or scope before any service', () => {
    const strange = begun.map((one) => (one.name === 'ingress' ? { ...one, scope: 'local' } : one))
    const networksBeforeServices = { ...built.networksBeforeServices, worker2: strange }
    expect(shown(judged(views, { ...facts, built: { ...built, networksBeforeServices } }))).to.deep.equal([
      ['network-form-differed-at-first', 'worker2', 'ingress'],
    ])
  })

  it('is inconclusive where nobody looked at a node, and skipped where ingress was removed', () => {
    const networksBeforeServices = without(built.networksBeforeServices, 'worker2')
    const partly = judged(views, { ...facts, built: { ...built, networksBeforeServices } })
    expect(outcomeOf(partly)).to.equal('inconclusive')
    const { ingress: _, ...networks } = facts.networks
    expect(outcomeOf(judged(views, { ...facts, networks }))).to.equal('skip')
  })
})

describe('OVL-02', () => {
  const judged = (states: unknown = kernel, listed: unknown = views) =>
    judge(instantiatedOnDemand, { kernel: states, views: listed }, facts)

  it('passes where networks are where their tasks are', () => {
    const good = judged()
    expect(shown(good)).to.deep.equal([])
    expect(outcomeOf(good)).to.equal('pass')
    expect(good.conclusion).to.match(/worker2 runs no task on swp-auto and does not have it/)
  })

  it('names a namespace that nobody needs, and one that is missing, by the node that has it', () => {
    const { worker2 } = kernel
    const stale = { ...worker2, namespaces: { ...worker2?.namespaces, [ofAuto]: namespace([]) } }
    expect(shown(judged({ ...kernel, worker2: stale }))).to.deep.equal([
      ['namespace-without-task', 'worker2', 'swp-auto'],
    ])
    const lost = { ...worker2, namespaces: without(worker2?.namespaces ?? {}, ofSecret) }
    expect(shown(judged({ ...kernel, worker2: lost }))).to.deep.equal([
      ['network-namespace-missing', 'worker2', 'swp-secret'],
    ])
    expect(ofClear).not.to.equal(ofSecret)
  })

  it('names lists that differ', () => {
    const auto = facts.networks.auto
    const idle = [...viewsOf('worker2'), view(auto.id, auto.name, 'overlay', 'swarm', auto.subnet)]
    expect(shown(judged(kernel, { ...views, worker2: idle }))).to.deep.equal([
      ['network-listed-without-task', 'worker2', 'swp-auto'],
    ])
    const strange = viewsOf('worker1').map((one) => (one.id === auto.id ? { ...one, scope: 'local' } : one))
    expect(shown(judged(kernel, { ...views, worker1: strange }))).to.deep.equal([
      ['network-form-differs', 'worker1', 'swp-auto'],
    ])
    const blind = viewsOf('manager').filter(({ id }) => id !== auto.id)
    expect(shown(judged(kernel, { ...views, manager: blind }))).to.deep.equal([
      ['network-missing', 'manager', 'swp-auto'],
    ])
  })

  it('judges lists also where a kernel was not read', () => {
    const partly = judged(without(kernel, 'worker2'))
    expect(outcomeOf(partly)).to.equal('inconclusive')
    expect(partly.unseen[0]?.nodes).to.deep.equal(['worker2'])
  })
})

describe('OVL-05', () => {
  const judged = (routes: readonly string[] = [], pools = '10.0.0.0/8 /24', states: object = kernel) => {
    const worker1 = kernelOf(
      'worker1',
      routes.map((destination) => ({ destination, device: 'tun0' })),
    )
    return judge(assignedSubnet, { kernel: { ...states, worker1 }, views, pools }, facts)
  }

  it('passes where nothing overlaps, whatever stands for the default route', () => {
    expect(shown(judged())).to.deep.equal([])
    const vpn = judged(['0.0.0.0/1', '128.0.0.0/1', '0.0.0.0/0'])
    expect(outcomeOf(vpn)).to.equal('pass')
    expect(vpn.conclusion).to.match(/none of 3 host routes/)
  })

  it('names routes and networks that overlap, of ingress too', () => {
    expect(shown(judged(['10.0.1.254', '10.0.0.254']))).to.deep.equal([
      ['subnet-overlaps-route', 'worker1', 'swp-auto'],
      ['subnet-overlaps-route', 'worker1', 'ingress'],
    ])
  })

  it('names a mask length that is not the one asked for, at the manager', () => {
    expect(judged([], '10.0.0.0/8 /20').problems.map(({ code, node }) => [code, node])).to.deep.equal([
      ['swarm-mask-length-differs', 'manager'],
      ['subnet-mask-length-differs', 'manager'],
    ])
  })

  it('names a task that has the gateway’s address in its namespace, by its node', () => {
    const island = link('eth0', 1450, {
      ...{ mac: '02:42:0a:00:01:03', kind: 'veth', addresses: ['10.0.1.3/24', '10.0.1.1/32'] },
    })
    const { worker1 } = kernel
    const taken = {
      ...worker1,
      namespaces: { ...worker1?.namespaces, 'island-worker1': namespace([island]) },
    }
    const found = judge(
      assignedSubnet,
      { kernel: { ...kernel, worker1: taken }, views, pools: '10.0.0.0/8 /24' },
      facts,
    )
    expect(shown(found)).to.deep.equal([['gateway-address-used', 'worker1', 'swp-auto']])
  })

  it('names a network that was assigned nothing, at the manager', () => {
    const { networks } = facts
    const without1 = { ...facts, networks: { ...networks, auto: { ...networks.auto, subnet: '' } } }
    const found = judge(assignedSubnet, { kernel, views, pools: '10.0.0.0/8 /24' }, without1)
    expect(shown(found)).to.deep.equal([['subnet-not-stated', 'manager', 'swp-auto']])
  })

  it('is inconclusive without a task, without its namespace and without a subnet of ingress', () => {
    const of = (states: object, known: ClusterFacts): Judgement =>
      judge(assignedSubnet, { kernel: states, views, pools: '10.0.0.0/8 /24' }, known)
    const { worker1 } = kernel
    const lost = { ...worker1, namespaces: without(worker1?.namespaces ?? {}, 'island-worker1') }
    const nobody = { ...facts, tasks: facts.tasks.filter(({ endpoints }) => !endpoints['swp-auto']) }
    const { networks } = facts
    const ingress = { ...(networks.ingress ?? networks.auto), subnet: '' }
    for (const judged1 of [
      of({ ...kernel, worker1: lost }, facts),
      of(kernel, nobody),
      of(kernel, { ...facts, networks: { ...networks, ingress } }),
    ]) {
      expect(shown(judged1)).to.deep.equal([])
      expect(outcomeOf(judged1)).to.equal('inconclusive')
    }
  })
})

describe('OVL-07', () => {
  const judged = (states: unknown = kernel, listed: unknown = views) =>
    judge(taskInterfaces, { kernel: states, views: listed }, facts)

  it('passes with one interface for each network of each task', () => {
    const good = judged()
    expect(shown(good)).to.deep.equal([])
    expect(outcomeOf(good)).to.equal('pass')
  })

  it('names tasks by their node, and one without a namespace', () => {
    const { worker2 } = kernel
    const gone = { ...worker2, namespaces: without(worker2?.namespaces ?? {}, 'rr-worker2') }
    expect(judged({ ...kernel, worker2: gone }).problems).to.deep.equal([
      {
        ...{ code: 'task-namespace-missing', kind: 'missed', node: 'worker2' },
        ...{ service: 'swp-rr', subject: 'swp-rr@worker2' },
      },
    ])
  })

  it('is inconclusive where a node does not tell the subnet of docker_gwbridge, or was not read', () => {
    const blind = viewsOf('worker2').filter(({ name }) => name !== 'docker_gwbridge')
    const unknown = judged(kernel, { ...views, worker2: blind })
    expect(unknown.unseen.map(({ nodes }) => nodes)).to.deep.equal([['worker2']])
    expect(outcomeOf(judged(without(kernel, 'manager')))).to.equal('inconclusive')
  })
})
