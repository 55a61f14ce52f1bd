import { expect } from 'chai'
import { inventoryOf } from '../swarm/read-swarm-inventory.ts'
import { lostDuringTest } from './lost-during-test.ts'
import type { ReadyLab } from './bring-up.ts'
import type { Lost } from './verdict.ts'

const worker = { host: { name: 'worker1' }, nodeId: 'idworker10000000000000000' }
const lab = {
  cluster: { nodes: [worker] },
  stack: { tasks: [{ service: 'swp-web', node: worker, containerId: 'c1c1c1c1c1c1' }] },
} as unknown as ReadyLab

const lostOf = (...lines: string[]): Promise<Lost[]> =>
  lostDuringTest(lab, async () => inventoryOf([{ host: 'worker1', lines }]))

describe('what a lab lost', () => {
  it('is nothing while its nodes are ready and its tasks run, whatever else came and went', async () => {
    expect(
      await lostOf(
        'node idworker10000000000000000 worker1 Ready Active',
        'container c1c1c1c1c1c1 swp-web.1.a',
      ),
    ).to.deep.equal([])
    expect(
      await lostOf(
        'node idworker10000000000000000 worker1 Ready Drain',
        'node idleft0000000000000000000 left Down Active',
        'container c1c1c1c1c1c1 a',
        'container c9c9c9c9c9c9 b',
      ),
    ).to.deep.equal([])
  })

  it('is nothing of what tests make and remove beside the stack, also where it is named like a service of it', async () => {
    const ready = [
      'node idworker10000000000000000 worker1 Ready Active',
      'container c1c1c1c1c1c1 swp-web.1.a',
    ]
    const trials = ['swp-change-it.1.x', 'swp-again-stack_shop.1.y', 'swp-web-it.1.z'].map(
      (name, index) => `container c${index}d${index}d${index}d${index}d${index}d${index} ${name}`,
    )
    expect(await lostOf(...ready, ...trials)).to.deep.equal([])
    expect(await lostOf(...ready, ...trials.slice(1))).to.deep.equal([])
  })

  it('names nodes and tasks', async () => {
    expect(
      await lostOf(
        'node idworker10000000000000000 worker1 Down Active',
        'container c2c2c2c2c2c2 swp-web.1.b',
      ),
    ).to.deep.equal([
      { what: 'node', node: 'worker1', state: 'Down Active' },
      { what: 'task', node: 'worker1', service: 'swp-web' },
    ])
    expect(
      await lostOf('node idworker10000000000000000 worker1 Unknown Active', 'container c1c1c1c1c1c1 a'),
    ).to.deep.equal([{ what: 'node', node: 'worker1', state: 'Unknown Active' }])
    expect(
      await lostOf('node idother000000000000000000 other Ready Active', 'container c1c1c1c1c1c1 a'),
    ).to.deep.equal([{ what: 'node', node: 'worker1' }])
  })

  it('names a node as its host is called, whatever its name in the swarm', async () => {
    expect(
      await lostOf('node idworker10000000000000000 node7.example Down Active', 'container c1c1c1c1c1c1 a'),
    ).to.deep.equal([{ what: 'node', node: 'worker1', state: 'Down Active' }])
  })

  it('is not known when the cluster cannot be asked', async () => {
    expect(await lostDuringTest(lab, () => Promise.reject(new Error('no answer')))).to.deep.equal([])
  })
})
