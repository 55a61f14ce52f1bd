import { expect } from 'chai'
import type { PlannedLab } from './plan.ts'
import { readShard, shardOf } from './shard.ts'
import { exampleRequirement } from './requirement.fake.ts'
import type { ConformanceTest } from './test.ts'

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

function lab(name: string, tests: readonly ConformanceTest[]): PlannedLab {
  return { name, topology: { name } as PlannedLab['topology'], suites: [{ group: 'AAA', title: '', tests }] }
}

const many = (prefix: string, count: number, changed: Partial<ConformanceTest> = {}): ConformanceTest[] =>
  Array.from({ length: count }, (_, index) => made(`${prefix}-${index}`, changed))

const told = (plan: readonly PlannedLab[]): string[] =>
  plan.flatMap(({ name, suites }) => suites.flatMap(({ tests }) => tests.map(({ id }) => `${name} ${id}`)))

const parts = (plan: readonly PlannedLab[], count: number): PlannedLab[][] =>
  Array.from({ length: count }, (_, index) => shardOf(plan, { index: index + 1, count }))

describe('shards', () => {
  const plan = [
    lab('three-node', [...many('A', 40), ...many('L', 6, { safety: 'lab' })]),
    lab('two-underlays', many('B', 3)),
    lab('low-mtu', many('C', 2)),
    lab('outsider', many('D', 4, { safety: 'lab' })),
  ]

  it('hold every test exactly once, the same way every time', () => {
    for (const count of [1, 2, 3, 5, 8]) {
      const all = parts(plan, count)
      expect(all.flatMap(told).sort(), `of ${count}`).to.deep.equal(told(plan).sort())
      expect(all.map(told)).to.deep.equal(parts(plan, count).map(told))
    }
  })

  it('of one part is the whole plan in its order', () => {
    expect(told(shardOf(plan, { index: 1, count: 1 }))).to.deep.equal(told(plan))
  })

  it('keep labs whole where that balances', () => {
    const even = [
      lab('a', many('A', 10)),
      lab('b', many('B', 10)),
      lab('c', many('C', 9)),
      lab('d', many('D', 9)),
    ]
    const names = parts(even, 2).map((part) => part.map(({ name }) => name))
    expect(names.flat().sort()).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('split a lab that one part alone would wait for, and keep its name and order', () => {
    const [first, second] = parts([lab('three-node', many('A', 44))], 2)
    expect([first?.[0]?.name, second?.[0]?.name]).to.deep.equal(['three-node', 'three-node'])
    const sizes = [told(first ?? []).length, told(second ?? []).length].sort()
    expect(sizes[1]).to.be.below(26)
    const numbers = told(first ?? []).map((text) => Number(text.split('-').at(-1)))
    expect(numbers).to.deep.equal(numbers.toSorted((a, b) => a - b))
  })

  it('leave none idle while there are tests, and refuse more parts than tests', () => {
    const few = [lab('a', many('A', 3))]
    expect(parts(few, 3).map((part) => told(part).length)).to.deep.equal([1, 1, 1])
    expect(() => shardOf(few, { index: 4, count: 4 })).to.throw(
      /part 4 of 4 has nothing[\s\S]*3 requirements/,
    )
  })

  it('put a slow test on its own', () => {
    const slow = [lab('a', [...many('A', 20), made('S-0', { slow: true })])]
    const withSlow = parts(slow, 2).find((part) => told(part).includes('a S-0'))
    expect(told(withSlow ?? [])).to.have.lengthOf.below(12)
  })

  it('are read as I/N and refused otherwise', () => {
    expect(readShard(' 2/3 ')).to.deep.equal({ index: 2, count: 3 })
    for (const bad of ['', '1', '0/2', '3/2', '1/0', '-1/2', '1/2/3', 'a/b', '1.5/2', '1/']) {
      expect(() => readShard(bad), bad).to.throw(`--shard '${bad}'`)
    }
  })
})
