import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { sequenceProblems, spiFlow } from './spi-flow.ts'

const problems = (sequences: readonly number[]): string[] =>
  sequenceProblems(spiFlow('0x00000001', sequences)).map(describeProblem)

describe('ESP sequence numbers of one SPI', () => {
  it('rise, with gaps where other captures lie between', () => {
    expect(problems([5, 6, 7, 90])).to.deep.equal([])
    expect(spiFlow('0x00000001', [5, 6, 7, 90])).to.include({ packets: 4, first: 5, last: 90, late: 0 })
  })

  it('may overtake each other a little', () => {
    expect(spiFlow('0x00000001', [5, 7, 6, 8])).to.include({ late: 1, latest: 1 })
    expect(problems([5, 7, 6, 8])).to.deep.equal([])
  })

  it('must not be sent twice', () => {
    expect(problems([5, 6, 6, 7])).to.deep.equal(['1 sequence numbers of SPI 0x00000001 were sent again'])
  })

  it('must not start over', () => {
    expect(problems([500, 501, 1, 2])[0]).to.include('do not rise: one came 500 behind')
  })
})
