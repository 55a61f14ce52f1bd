import { expect } from 'chai'
import { countShares, shareProblems } from './shares.ts'

const tasks = new Map([
  ['id1', 'web on a'],
  ['id2', 'web on b'],
  ['id3', 'web on c'],
])
const problems = (...answers: (string | undefined)[]): string[] =>
  shareProblems(countShares('rr on a', answers, tasks))
const times = (count: number, answer: string): string[] => Array.from({ length: count }, () => answer)

describe('round-robin shares', () => {
  it('are equal, or one more or less', () => {
    expect(problems(...times(6, 'id1'), ...times(6, 'id2\n'), ...times(6, 'id3'))).to.deep.equal([])
    expect(problems(...times(7, 'id1'), ...times(6, 'id2'), ...times(5, 'id3'))).to.deep.equal([])
  })

  it('are not round robin when one task gets clearly more', () => {
    expect(problems(...times(8, 'id1'), ...times(6, 'id2'), ...times(4, 'id3'))).to.deep.equal([
      'rr on a: web on a answered 8 of 18 connections, expected 6 ± 1',
      'rr on a: web on c answered 4 of 18 connections, expected 6 ± 1',
    ])
  })

  it('miss a task that answers nothing', () => {
    expect(problems(...times(9, 'id1'), ...times(9, 'id2'))).to.include(
      'rr on a: web on c answered none of 18 connections',
    )
  })

  it('tell connections without an answer and answers of strangers', () => {
    const found = problems(...times(6, 'id1'), ...times(6, 'id2'), ...times(5, 'id3'), undefined, 'ghost')
    expect(found).to.deep.equal([
      'rr on a: 1 connections to the VIP had no answer',
      'rr on a: "ghost" answered, which is no running task of the service',
    ])
  })
})
