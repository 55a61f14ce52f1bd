import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { orderProblems, ordered, type PoolStep } from './pool-steps.ts'

const subnets = ['10.60.0.0/26', '10.60.0.64/26', '10.60.0.128/26', '10.60.0.192/26']
const step = (kind: PoolStep['step'], network: string, index: number): PoolStep => ({
  ...{ step: kind, network, subnet: subnets[index] ?? '10.99.0.0/24' },
})
const words = (steps: readonly PoolStep[], engineVersion: string): string[] => {
  const rows = ordered(steps, { subnets, engineVersion, taken: ['10.60.0.0/26'] })
  return orderProblems(rows, subnets, 'manager').map(describeProblem)
}
const good = [
  step('next', 'n0', 1),
  step('by-hand', 'hand', 2),
  step('next', 'n1', 3),
  step('freed', 'n0', 1),
  step('last', 'again', 1),
]

describe('using up the pools', () => {
  it('is in order where each network got the next free subnet, one taken by hand was skipped, a freed one reused', () => {
    expect(words(good, '28.5.1')).to.deep.equal([])
    expect(words(good, '26.1.4')).to.deep.equal([])
  })

  it('is out of turn where a network got another one, also one that is taken', () => {
    expect(words([step('next', 'n0', 2)], '28.5.1')).to.deep.equal([
      'manager: n0 got 10.60.0.128/26, due was 10.60.0.64/26',
    ])
    expect(words([step('next', 'n0', 1), step('next', 'n1', 1)], '26.1.4')).to.deep.equal([
      'manager: n1 got 10.60.0.64/26, due was 10.60.0.128/26',
    ])
  })

  it('does not know where an older engine stands before its first answer', () => {
    expect(words([step('next', 'n0', 2), step('next', 'n1', 3)], '26.1.4')).to.deep.equal([])
  })

  it('leaves the pools where a network got a subnet of another range', () => {
    expect(words([step('next', 'n0', 9)], '26.1.4')[0]).to.include('10.99.0.0/24, which is not of the pools')
  })

  it('tells when the freed subnet was not reused', () => {
    expect(words([...good.slice(0, 4), step('last', 'again', 0)], '28.5.1')).to.deep.equal([
      'manager: again got 10.60.0.0/26 when 10.60.0.64/26 alone was free',
    ])
  })
})
