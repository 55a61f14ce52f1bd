import { expect } from 'chai'
import type { PairSample } from './facts.ts'
import { describeSample, mostPairs, nodePairs, pairSample, sampleNote, taskPairs } from './pair-sample.ts'

const nodes = (count: number, drained = 0) =>
  Array.from({ length: count }, (_, index) => ({ name: `node${index}`, takesTasks: index >= drained }))
const name = (node: { readonly name: string }): string => node.name

function sampleOf(count: number, seed = 7, drained = 0): PairSample {
  const sample = pairSample(nodes(count, drained), seed)
  if (sample === undefined) throw new Error('all pairs')
  return sample
}

/** How often each comes as one end of these pairs. */
function times(pairs: readonly (readonly string[])[], end: 0 | 1): number[] {
  const counts = new Map<string, number>()
  for (const pair of pairs) counts.set(pair[end] ?? '', (counts.get(pair[end] ?? '') ?? 0) + 1)
  return [...counts.values()]
}

describe('a sample of ordered pairs', () => {
  it('is not taken up to twenty nodes, nor where all are asked for', () => {
    expect(pairSample(nodes(20), 7)).to.equal(undefined)
    expect(pairSample(nodes(200), 'all')).to.equal(undefined)
    expect(nodePairs({}, nodes(20), name)).to.have.lengthOf(380)
  })

  for (const count of [21, 50, 133, 200])
    it(`of ${count} nodes has every one as often as any other, as sender and as receiver`, () => {
      const pairs = sampleOf(count)
      const taken = nodePairs({ pairs }, nodes(count), name).map((pair) => pair.map(name))
      expect(taken).to.have.lengthOf(pairs.taken)
      expect(pairs.taken).to.be.at.most(Math.max(mostPairs, 2 * count))
      expect(new Set(taken.map(String)).size).to.equal(taken.length)
      expect(taken.every(([from, to]) => from !== to)).to.equal(true)
      for (const end of [0, 1] as const) {
        const ends = times(taken, end)
        expect(ends).to.have.lengthOf(count)
        expect(new Set(ends).size).to.equal(1)
      }
      // From every node every other is reached over pairs of the sample.
      const reached = new Set(['node0'])
      for (const from of reached) for (const to of pairs.partners[from] ?? []) reached.add(to)
      expect(reached.size).to.equal(count)
    })

  it('is the same for the same nodes in any order and the same seed, and another for another', () => {
    expect(pairSample(nodes(50).toReversed(), 7)?.partners).to.deep.equal(sampleOf(50).partners)
    expect(sampleOf(50, 8).partners).not.to.deep.equal(sampleOf(50, 7).partners)
  })

  it('has nodes that take tasks among themselves as often as any other where some take none', () => {
    const pairs = sampleOf(50, 7, 25)
    const takers = nodes(50, 25).filter(({ takesTasks }) => takesTasks)
    const between = nodePairs({ pairs }, takers, name).map((pair) => pair.map(name))
    expect(new Set(times(between, 0))).to.deep.equal(new Set([16]))
    expect(new Set(times(between, 1))).to.deep.equal(new Set([16]))
    expect(Object.keys(pairs.partners)).to.have.lengthOf(50)
  })

  it('gives every task its turn to send and to be sent to', () => {
    const pairs = sampleOf(200)
    const tasks = nodes(200).flatMap(({ name: node }, index) =>
      (index === 5 ? ['web', 'rr', 'both'] : ['web', 'rr']).map((service) => ({ service, node })),
    )
    const taken = taskPairs({ pairs }, tasks, ({ node }) => node)
    expect(taken.every(([from, to]) => pairs.partners[from.node]?.includes(to.node))).to.equal(true)
    for (const end of [0, 1] as const) expect(new Set(taken.map((pair) => pair[end])).size).to.equal(401)
    expect(taken.length).to.be.within(400, 410)
  })

  it('does so where all pairs of nodes are tried, too', () => {
    for (const count of [11, 12, 20]) {
      const tasks = nodes(count).flatMap(({ name: node }) =>
        ['web', 'rr'].map((service) => ({ service, node })),
      )
      const taken = taskPairs({}, tasks, ({ node }) => node)
      for (const end of [0, 1] as const)
        expect(new Set(taken.map((pair) => pair[end])).size, `${count} nodes`).to.equal(2 * count)
    }
  })

  it('pairs every task with every other up to ten nodes', () => {
    const tasks = nodes(10).flatMap(({ name: node }) => [1, 2].map((service) => ({ service, node })))
    expect(taskPairs({}, tasks, ({ node }) => node)).to.have.lengthOf(10 * 9 * 4)
  })

  it('is told with its size and seed, and not at all where it is none', () => {
    expect(describeSample(sampleOf(50))).to.equal('400 of 2450 ordered pairs of nodes, seed 7')
    expect(sampleNote({ pairs: sampleOf(200) })).to.equal(
      '; a sample, 400 of 39800 ordered pairs of nodes, seed 7',
    )
    expect(sampleNote({})).to.equal('')
  })
})
