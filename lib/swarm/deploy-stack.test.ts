import { expect } from 'chai'
import type { Topology } from '../topology/topology.ts'
import { scriptFor, stackRecipe, stackScript } from './deploy-stack.ts'

const topology = {
  nodes: [{}, {}, {}],
  swarm: {},
  stack: {
    clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
    secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
    publishedPort: 8080,
  },
} as unknown as Topology

describe('stackScript', () => {
  it('labels everything, leaves one node without a task of web, and encrypts only the twin', () => {
    const { networks, services } = stackScript(topology, 3, 'run-1')
    for (const line of [...networks, ...services]) expect(line).to.include('--label swarmproof=run-1')
    expect(services.find((line) => line.includes('--name swp-web'))).to.include('--replicas 2 ')
    expect(networks.filter((line) => line.includes('--opt encrypted'))).to.have.lengthOf(1)
    expect(networks.find((line) => line.endsWith('swp-auto'))).to.not.include('--subnet')
  })

  it('gives web two tasks on a swarm of two, and one on a swarm of one', () => {
    expect(stackScript(topology, 2, 'x').services[0]).to.include('--replicas 2 ')
    expect(stackScript(topology, 1, 'x').services[0]).to.include('--replicas 1 ')
  })

  it('takes prefix, ports, image and limit from the topology', () => {
    const own = {
      namePrefix: 'swp-x7k2',
      ports: [20_001, 20_007, 20_013, 20_022],
      probeImage: 'registry/probe:2',
      taskMemoryMib: 32,
    }
    const script = stackScript({ ...topology, stack: { ...topology.stack, ...own } }, 3, 'run-1')
    const all = [...script.networks, ...script.services, script.compose].join('\n')
    expect(all).to.not.match(/swp-(web|clear|shop|auto)|swarmproof\/probe|80[89]\d/)
    for (const port of own.ports) expect(all).to.match(new RegExp(`(published=|--publish )${port}\\b`))
    expect(script.services.every((line) => line.includes('--limit-memory 32M registry/probe:2 sh'))).to.equal(
      true,
    )
    expect(JSON.parse(script.compose)).to.have.nested.property(
      'services.front.deploy.resources.limits.memory',
      '32M',
    )
  })

  it('publishes nothing through an ingress that is not there, and wants nothing of managers that take no tasks', () => {
    const { services, compose } = scriptFor(topology, { nodes: 3, manager: false, ingress: false }, 'x')
    expect(services.filter((line) => line.includes('--publish'))).to.have.lengthOf(1)
    expect(services.find((line) => line.includes('--publish'))).to.include('mode=host')
    expect(JSON.parse(compose)).to.have.nested.property('services.back.deploy.replicas', 0)
  })
})

describe('stackRecipe', () => {
  it('stays while the commands stay and changes with them', () => {
    const other = { ...topology, stack: { ...topology.stack, publishedPort: 8081 } }
    expect(stackRecipe(topology)).to.equal(stackRecipe({ ...topology }))
    expect(stackRecipe(topology)).to.not.equal(stackRecipe(other))
  })
})
