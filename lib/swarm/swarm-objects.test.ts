import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { AnsweringEngine } from './answering-engine.fake.ts'
import type { ClusterNode } from './cluster.ts'
import { readSwarmObjects, swarmObjectsOf } from './swarm-objects.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Lines that an engine printed of an operator’s objects, by template; see `operator-objects.test.ts`. */
const { named, whole } = JSON.parse(readFileSync(file('fixtures/operator-objects.json'), 'utf8')) as {
  readonly whole: Readonly<Record<'networks' | 'services' | 'tasks', readonly unknown[]>>
  readonly named: Readonly<Record<string, { readonly lines: readonly string[] }>>
}
const told = (format: string, having = ''): { objects: unknown[]; isCut: boolean } => ({
  objects: (named[format]?.lines ?? [])
    .filter((line) => line.includes(having))
    .map((line) => JSON.parse(line) as unknown),
  isCut: false,
})
const task = told('taskFormat').objects[0] as object
const all = {
  nodes: told('nodeFormat'),
  networks: told('networkFormat', '"Driver":"overlay"'),
  services: told('serviceFormat'),
  tasks: { objects: [{ ...task, CreatedAt: '2026-11-28T03:12:05Z' }], isCut: false },
  others: { objects: [], isCut: false },
}
const hosts = new Map([['omf2z97ftbvq4ybqvgtnrg4hd', 'manager']])

describe('what there is in a swarm', () => {
  const seen = swarmObjectsOf(all, hosts)

  it('is read with nodes by their hosts’ names, and by id where they are no host of the lab', () => {
    expect(seen.nodes).to.deep.equal([{ node: 'manager', address: '10.99.0.1' }])
    const strange = swarmObjectsOf(all, new Map())
    expect(strange.nodes[0]?.node).to.equal('omf2z97ftbvq4ybqvgtnrg4hd')
  })

  it('has the address of a manager that states none as a node', () => {
    const [node] = all.nodes.objects as { Status: object }[]
    const unstated = { ...node, Status: { ...node?.Status, Addr: '0.0.0.0' } }
    const nodes = { objects: [unstated], isCut: false }
    expect(swarmObjectsOf({ ...all, nodes }, hosts).nodes).to.deep.equal(seen.nodes)
  })

  it('has none of a node that never reached a manager: an engine leaves out what is empty', () => {
    const nodes = {
      objects: [
        { ID: 'omf2z97ftbvq4ybqvgtnrg4hd', Status: { State: 'unknown' } },
        { ID: 'omf2z97ftbvq4ybqvgtnrg4he', Status: { State: 'ready', Addr: '10.99.0.2' }, ManagerStatus: {} },
      ],
      isCut: false,
    }
    expect(swarmObjectsOf({ ...all, nodes }, hosts).nodes).to.deep.equal([
      { node: 'manager', address: '' },
      { node: 'omf2z97ftbvq4ybqvgtnrg4he', address: '10.99.0.2' },
    ])
  })

  it('has networks with VNIs, services with ports, and tasks with their addresses', () => {
    expect(seen.networks).to.deep.equal([
      {
        ...{ id: 'a04ol36fgu2irfbhsvz4awa3z', name: 'ingress', ingress: true },
        ...{ subnets: ['10.0.0.0/24'], vnis: [4096] },
      },
      {
        ...{ id: 'ubqesp3j7dotebe71i57bcvvs', name: 'ops-net', ingress: false },
        ...{ subnets: ['10.77.0.0/24'], vnis: [4097] },
      },
    ])
    const [web, own] = seen.services
    expect(web).to.deep.equal({
      ...{ id: 'l62pqb1b1e34nr9hnwlmw09n1', name: 'ops-web' },
      vips: { a04ol36fgu2irfbhsvz4awa3z: '10.0.0.3', ubqesp3j7dotebe71i57bcvvs: '10.77.0.1' },
      published: [{ protocol: 'tcp', publishedPort: 18_080, mode: 'ingress' }],
    })
    expect(own).to.deep.include({ vips: {}, published: [] })
    expect(seen.tasks).to.deep.equal([
      {
        ...{ service: 'ops-web', node: 'manager' },
        addresses: { a04ol36fgu2irfbhsvz4awa3z: '10.0.0.4', ubqesp3j7dotebe71i57bcvvs: '10.77.0.2' },
      },
    ])
  })

  it('names refused tasks by what the engine meant, of the last or of the one before', () => {
    const of = (
      CreatedAt: string,
      State: string,
      DesiredState: string,
      Err: string | null = null,
      Slot = 1,
    ) => ({
      ...{ ServiceID: 'l62pqb1b1e34nr9hnwlmw09n1', NodeID: 'omf2z97ftbvq4ybqvgtnrg4hd', Slot },
      ...{ CreatedAt, DesiredState, Status: { State, Err } },
    })
    const inTheWay = 'error creating vxlan interface: file exists'
    const refused = (...objects: unknown[]) =>
      swarmObjectsOf(
        { ...all, tasks: { objects: [], isCut: false }, others: { objects, isCut: false } },
        hosts,
      ).refused
    const named = [{ service: 'ops-web', means: 'vxlan-in-the-way', node: 'manager' }]
    const [before, last] = [of('1', 'rejected', 'shutdown', inTheWay), of('2', 'preparing', 'ready')]
    expect(refused(before, last)).to.deep.equal(named)
    expect(refused(last, before)).to.deep.equal(named)
    expect(refused(of('3', 'rejected', 'ready', inTheWay))).to.deep.equal(named)
    // It runs by now, was given up, or means nothing known.
    expect(refused(before, of('2', 'running', 'running'))).to.deep.equal([])
    expect(refused(before)).to.deep.equal([])
    expect(refused(last)).to.deep.equal([])
    expect(refused(before, of('2', 'preparing', 'ready', null, 2))).to.deep.equal([])
    // The swarm tries another node: what the first one said is nothing about it.
    const elsewhere = { ...last, NodeID: 'omf2z97ftbvq4ybqvgtnrg4he' }
    expect(refused(before, elsewhere)).to.deep.equal([])
  })

  it('leaves out what was attached to a network without a service, and says where tasks are missing', () => {
    const attached = { ...task, ServiceID: undefined, CreatedAt: '1' }
    const tasks = { objects: [...all.tasks.objects, attached], isCut: true }
    expect(swarmObjectsOf({ ...all, tasks }, hosts)).to.deep.equal({ ...seen, tasksCut: true })
  })

  it('is refused where an object is another thing, without quoting it', () => {
    const nodes = { objects: [{ secret: 1 }], isCut: false }
    expect(() => swarmObjectsOf({ ...all, nodes }, hosts))
      .to.throw('one of the nodes of the swarm in an unexpected form')
      .with.property('message')
      .not.contain('secret')
  })

  it('is asked of a manager, and comes whole or not at all', async () => {
    const { networks, services, tasks } = whole
    const answers = {
      '/nodes': all.nodes.objects,
      '/networks': networks,
      '/services': services,
      '/tasks': tasks,
    }
    using engine = new AnsweringEngine(answers)
    const [node] = engine.cluster.nodes
    const cluster = {
      ...engine.cluster,
      nodes: [{ ...node, nodeId: 'omf2z97ftbvq4ybqvgtnrg4hd' } as ClusterNode],
    }
    const read = await readSwarmObjects(cluster)
    expect(JSON.stringify(read)).to.not.match(/canary/i)
    expect(read.services).to.deep.equal(seen.services)
    expect(read.tasks).to.deep.equal(seen.tasks)
    for (const path of Object.keys(answers)) {
      using refusing = new AnsweringEngine({ ...answers, [path]: { status: 503, message: 'no' } })
      const error = await readSwarmObjects(refusing.cluster).catch((thrown: unknown) => thrown)
      expect(error, path).to.have.property('code', 'DOCKER_FAILED')
    }
  })
})
