import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { findTopology, listTopologies } from './find-topology.ts'

describe('finding topologies', () => {
  it('lists those that come along, and finds them by name', () => {
    expect(listTopologies().map(({ name }) => name)).to.include('three-node')
    expect(findTopology('three-node').nodes.map(({ name }) => name)).to.deep.equal([
      'manager',
      'worker1',
      'worker2',
    ])
  })

  it('reads a file by its path', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-topology-'))
    const file = join(folder, 'mine.yml')
    writeFileSync(
      file,
      'underlays: {w: {subnet: 10.9.0.0/24}}\nnodes: {m: {role: manager, addresses: {w: 10.9.0.1}}}\n',
    )
    expect(findTopology(file).name).to.equal('mine')
    rmSync(folder, { recursive: true })
  })

  it('names what there is when there is no such topology or file', () => {
    expect(() => findTopology('three-nodes'))
      .to.throw(/^unknown topology 'three-nodes', did you mean three-node\?\n {2}do next: {2}.+/)
      .with.property('code', 'UNKNOWN_TOPOLOGY')
    expect(() => findTopology('zebra')).to.throw(/^unknown topology 'zebra'\n/)
    expect(() => findTopology('./nowhere.yaml')).to.throw(
      /^there is no topology file \.\/nowhere\.yaml\n.*three-node/,
    )
  })
})
