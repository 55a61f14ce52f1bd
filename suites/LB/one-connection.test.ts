import { expect } from 'chai'
import { task } from '../three-nodes.fake.ts'
import { answersByLine, oneConnectionProblems, linesPerConnection, requestLines } from './one-connection.ts'

const tasks = [task('web', 'worker1', 3), task('web', 'worker2', 4)]
const [first, second] = ['web-worker1', 'web-worker2'] as const
const client = { node: 'manager', ends: { from: 'swp-rr@manager', to: 'swp-web' } }
const reply = (...words: string[]): string => words.map((word, index) => `${word} ${index + 1}\n`).join('')
const same = (word: string): string => reply(...new Array<string>(linesPerConnection).fill(word))
const problems = (...replies: string[]) => oneConnectionProblems(replies, tasks, client)

describe('requests over one connection', () => {
  it('are lines, ended by an empty one', () => {
    expect(requestLines('n0nce').toString()).to.match(/^(n0nce [1-6]\n){6}\n$/)
  })

  it('are told apart by what they asked', () => {
    expect(answersByLine('id1 1\nid1 3\n')).to.deep.equal([
      'id1',
      undefined,
      'id1',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('are answered by one task each time, which may be another for the next connection', () => {
    expect(problems(same(first), same(second))).to.deep.equal([])
    // As it is kept: without the last line break.
    expect(problems(same(first).trim())).to.deep.equal([])
  })

  it('are not balanced by connection when two tasks answer', () => {
    expect(problems(reply(first, second, first, second, first, second))).to.deep.equal([
      {
        ...{ ...client, code: 'connection-split', kind: 'seen' },
        observed: 'swp-web@worker1, swp-web@worker2',
      },
    ])
  })

  it('are missed when they are not answered, and strangers named', () => {
    expect(problems('', same('id9'))).to.deep.equal([
      { ...client, code: 'requests-unanswered', kind: 'missed', expected: 6, observed: 6 },
      { ...client, code: 'answered-by-another', kind: 'seen', protocol: 'TCP', observed: 'id9' },
    ])
  })
})
