import { expect } from 'chai'
import { listTopologies } from '../topology/find-topology.ts'
import type { Topology } from '../topology/topology.ts'
import { planLabs } from './plan.ts'
import type { Suite } from './suite.ts'
import { exampleRequirement } from './requirement.fake.ts'
import type { ConformanceTest } from './test.ts'
import { topologyFeatures } from './topology-features.ts'

const made = (id: string, changed: Partial<ConformanceTest> = {}): ConformanceTest =>
  exampleRequirement({
    id,
    requirement: '',
    source: [{ document: 'made up' }],
    safety: 'production',
    needs: [],
    method: '',
    usualCauses: [],
    remedy: [],
    ...changed,
  })

function topology(name: string, changed: Partial<Topology['swarm']> = {}): Topology {
  return {
    name,
    description: '',
    nodes: [],
    underlays: [],
    swarm: { advertise: 'a', dataPath: 'a', dataPathPort: 4789, ...changed },
    stack: {
      clear: { subnet: '', gateway: '' },
      secret: { subnet: '', gateway: '' },
      publishedPort: 80,
    },
  }
}

const ingress = { name: 'i', subnet: '', gateway: '', encrypted: true }
const shipped = [
  topology('apart', { dataPath: 'b' }),
  topology('mesh', { ingress }),
  topology('mesh-apart', { ingress, dataPath: 'b' }),
  topology('three-node'),
]
const [apart, mesh, , usual] = shipped as [Topology, Topology, Topology, Topology]

const suites: Suite[] = [
  {
    group: 'AAA',
    title: 'first',
    tests: [
      made('AAA-01', { safety: 'lab' }),
      made('AAA-02', { needs: ['ipvs'] }),
      made('AAA-03', { needs: ['separate-data-path'] }),
    ],
  },
  {
    group: 'BBB',
    title: 'second',
    tests: [
      made('BBB-01', { needs: ['encrypted-ingress', 'two-nodes'] }),
      made('BBB-02', { needs: ['outsider'] }),
      made('BBB-03', { needs: ['encrypted-ingress', 'separate-data-path'] }),
    ],
  },
]

const told = (named: readonly Topology[], all = suites): string[] =>
  planLabs(all, { named, shipped }).map(
    ({ name, suites: own }) => `${name}: ${own.flatMap(({ tests }) => tests.map(({ id }) => id)).join(' ')}`,
  )

describe('planning labs', () => {
  it('gives each test the usual lab, else the first that has what it needs, and what none has the usual one', () => {
    expect(told([])).to.deep.equal([
      'three-node: AAA-02 BBB-02 AAA-01',
      'apart: AAA-03',
      'mesh: BBB-01',
      'mesh-apart: BBB-03',
    ])
  })

  it('brings up no lab that nothing needs', () => {
    const only = [{ ...(suites[0] as Suite), tests: [suites[0]?.tests[2] as ConformanceTest] }]
    expect(told([], only)).to.deep.equal(['apart: AAA-03'])
  })

  it('verifies everything on a named topology, what it cannot meet too, to be skipped by name', () => {
    expect(told([usual])).to.deep.equal(['three-node: AAA-02 AAA-03 BBB-01 BBB-02 BBB-03 AAA-01'])
  })

  it('leaves out of one named topology what another one meets', () => {
    expect(told([apart, mesh])).to.deep.equal([
      'apart: AAA-02 AAA-03 BBB-02 BBB-03 AAA-01',
      'mesh: AAA-02 BBB-01 BBB-02 BBB-03 AAA-01',
    ])
  })

  it('knows of each shipped topology what it is made for', () => {
    const features = Object.fromEntries(
      listTopologies().map((each) => [each.name, [...topologyFeatures(each)].sort()]),
    )
    expect(features).to.deep.include({
      'three-node': [],
      'custom-port': ['custom-data-path-port'],
      'two-underlays': ['separate-data-path'],
      outsider: ['outsider'],
    })
    expect(features['custom-networks']).to.include.members(['address-pools', 'custom-ingress', 'custom-mtu'])
    expect(features['encrypted-ingress']).to.include('encrypted-ingress')
  })
})
