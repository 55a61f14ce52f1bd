import { expect } from 'chai'
import { faultSequence } from './fault-sequence.ts'
import { faults } from './fault-table.ts'
import { choose, seededNumbers } from './seeded-choice.ts'
import { sideBySide, standsBeside } from './side-by-side.ts'

const pool = Object.keys(sideBySide)
const seeds = Array.from({ length: 50 }, (_, index) => `seed-${index}`)

describe('numbers of a seed', () => {
  it('are the same wherever they are drawn, and others for another seed', () => {
    const next = seededNumbers('7')
    expect([next(), next()].map((number) => number.toFixed(9))).to.deep.equal(['0.303081622', '0.748432248'])
    expect(seededNumbers('8')()).not.to.equal(seededNumbers('7')())
    const many = Array.from({ length: 1000 }, next)
    expect(Math.min(...many)).to.be.within(0, 0.02)
    expect(Math.max(...many)).to.be.within(0.98, 0.999999)
    expect(choose([], next)).to.equal(undefined)
    expect(new Set(many.map((number) => choose(['a', 'b', 'c'], () => number)))).to.have.lengthOf(3)
  })
})

describe('faults side by side', () => {
  it('are faults that there are', () => {
    const names = faults.map(({ name }) => name)
    expect(pool.filter((name) => !names.includes(name))).to.deep.equal([])
    expect(pool).to.have.lengthOf.above(40)
  })

  it('never take the same, and never stand twice', () => {
    expect(standsBeside('drop-rule-missing', ['accept-before-drop-rule'])).to.equal(false)
    expect(standsBeside('drop-rule-missing', ['mark-rule-missing'])).to.equal(true)
    expect(standsBeside('drop-rule-missing', ['drop-rule-missing'])).to.equal(false)
    expect(standsBeside('esp-lost', ['neighbours-joined'])).to.equal(false)
    expect(standsBeside('gossip-cut-off', [])).to.equal(false)
  })
})

describe('a sequence of faults', () => {
  const short = (seed: string, steps: number, names = pool): string[] =>
    faultSequence(seed, steps, names).map(({ action, fault }) => `${action} ${fault}`)

  it('follows from seed, steps and names alone', () => {
    for (const seed of seeds) {
      expect(faultSequence(seed, 20, pool)).to.deep.equal(faultSequence(seed, 20, pool.toReversed()))
      expect(short(seed, 30).slice(0, 20)).to.deep.equal(short(seed, 20).slice(0, 20))
    }
    expect(new Set(seeds.map((seed) => short(seed, 20).join())).size).to.equal(seeds.length)
    expect(short('7', 4, ['vxlan-lost', 'esp-lost', 'esp-dropped', 'hop-off-ttl'])).to.deep.equal([
      ...['plant esp-lost', 'remove esp-lost', 'plant esp-dropped', 'remove esp-dropped'],
    ])
  })

  it('has as many steps as asked, then removes what stands, in every seed', () => {
    for (const seed of seeds) {
      const steps = faultSequence(seed, 25, pool)
      const standing = new Set<string>()
      for (const { step, action, fault, standing: told } of steps) {
        expect(step > 25 ? action : 'remove', `${seed} ${step}`).to.equal('remove')
        if (action === 'plant') {
          expect(standsBeside(fault, [...standing]), `${seed} ${step}: ${fault}`).to.equal(true)
          standing.add(fault)
        } else expect(standing.delete(fault), `${seed} ${step}: ${fault}`).to.equal(true)
        expect(new Set(told)).to.deep.equal(standing)
        expect(standing.size).to.be.at.most(3)
      }
      expect(steps.length).to.be.within(25, 28)
      expect(standing.size).to.equal(0)
      expect(steps.some(({ standing: told }) => told.length > 1)).to.equal(true)
    }
  })

  it('plants every fault of the pool sooner or later', () => {
    const planted = new Set(seeds.flatMap((seed) => faultSequence(seed, 40, pool).map(({ fault }) => fault)))
    expect(pool.filter((name) => !planted.has(name))).to.deep.equal([])
  })

  it('goes on where only one fault can be planted, and is empty without any', () => {
    expect(short('1', 4, ['hop-off-ttl'])).to.deep.equal([
      ...['plant hop-off-ttl', 'remove hop-off-ttl', 'plant hop-off-ttl', 'remove hop-off-ttl'],
    ])
    expect(faultSequence('1', 4, [])).to.deep.equal([])
  })
})
