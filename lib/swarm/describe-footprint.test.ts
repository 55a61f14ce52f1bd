import { expect } from 'chai'
import { loadedImageName } from '../loaded-image.ts'
import { scriptLines } from '../script.ts'
import type { Topology } from '../topology/topology.ts'
import { describeFootprint } from './describe-footprint.ts'
import { scriptFor } from './stack-script.ts'
import { stackNames } from './stack.ts'

const topology = {
  swarm: {},
  stack: {
    clear: { subnet: '172.16.4.0/24', gateway: '172.16.4.254' },
    secret: { subnet: '172.16.9.0/24', gateway: '172.16.9.254' },
    publishedPort: 20_001,
    ports: [20_001, 20_007, 20_013, 20_022],
    namePrefix: 'swp-x7k2',
    probeImage: loadedImageName('x7k2'),
    probeNonce: '0'.repeat(24),
    taskMemoryMib: 32,
  },
} as unknown as Topology

const occupied = { hosts: [], swarm: { pools: ['10.60.0.0/16'], networks: [], ports: [] } }
const bursts = { datagrams: 20, perSecond: 10, asked: false }
const plan = { topology, occupied, runId: 'run-1', nodes: 4, init: false, leave: false, bursts }

describe('describeFootprint', () => {
  const text = describeFootprint({ ...plan, imageBytes: 1_100_000 }).join('\n')

  it('names every network, service, subnet and port that is created, and the label', () => {
    const { networks, services } = stackNames(topology.stack)
    for (const name of [...Object.values(networks), ...Object.values(services)]) expect(text).to.contain(name)
    for (const port of topology.stack.ports ?? []) expect(text).to.contain(String(port))
    for (const word of [
      '172.16.4.0/24',
      '172.16.9.0/24',
      '10.60.0.0/16',
      'swarmproof=run-1',
      '1.0 MiB',
      '4 hosts',
    ])
      expect(text).to.contain(word)
  })

  it('says on which addresses ports are open, past which firewalls, for how long, and what answers there', () => {
    expect(text).to.match(/^ports: .* on every address of every node, public ones too;/m)
    expect(text).to.match(/^exposed: .*past ufw and firewalld, for as long as the run takes/m)
    expect(text).to.match(/^answers: only requests that carry the run’s nonce .*nothing on UDP/m)
  })

  it('states the rate of bursts, for all of them together, too, and that it was asked for', () => {
    expect(text).to.match(/^bursts: 20 .* at 10 a second, for .*: 360 a second in all, once$/m)
    const asked = { datagrams: 800, perSecond: 200, asked: true }
    expect(describeFootprint({ ...plan, bursts: asked }).join('\n')).to.match(
      /^bursts: 800 .* at 200 a second, as --load says, for .*: 7200 a second in all, once$/m,
    )
  })

  it('names how many tasks tests have beside the stack, one after another and side by side', () => {
    expect(text).to.match(/^tests: one at a time creates services, with at most 8 tasks or one a node;/m)
    const many = describeFootprint({ ...plan, sideBySide: { requirements: 3, tasks: 8 } }).join('\n')
    expect(many).to.match(
      /^tests: at most 3 at a time create services, with 8 tasks between them, or one alone, with at most 8 /m,
    )
  })

  it('counts tasks as the stack has them', () => {
    const script = scriptFor(topology, { nodes: 4, manager: true, ingress: true }, 'x').services
    const replicas = /--name swp-x7k2-web .*--replicas (\d+)/.exec(scriptLines(script).text)?.[1]
    expect(text).to.contain(`swp-x7k2-web ${replicas},`).and.contain('21 tasks in all')
  })

  it('tells a swarm that is made and stays or goes, and an image that is pulled', () => {
    const made = describeFootprint({ ...plan, init: true, pulledImage: 'registry.example/probe:2' })
    expect(made[0]).to.match(/which stays$/)
    expect(made.join('\n')).to.contain('registry.example/probe:2, pulled once')
    expect(describeFootprint({ ...plan, init: true, leave: true })[0]).to.match(/leave it in the end$/)
    expect(text).to.not.contain('swarm: ')
  })
})
