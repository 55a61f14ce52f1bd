import { expect } from 'chai'
import type { Topology } from '../topology/topology.ts'
import { stackRecipe, stackScript } from './deploy-stack.ts'

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

  it('gives web two tasks on a swarm of two', () => {
    expect(stackScript(topology, 2, 'x').services[0]).to.include('--replicas 2 ')
  })
})

describe('stackRecipe', () => {
  it('stays while the commands stay and changes with them', () => {
    const other = { ...topology, stack: { ...topology.stack, publishedPort: 8081 } }
    expect(stackRecipe(topology)).to.equal(stackRecipe({ ...topology }))
    expect(stackRecipe(topology)).to.not.equal(stackRecipe(other))
  })
})
