import { expect } from 'chai'
import { answersOf, connectionProblems, linesPerConnection, requestLines } from './one-connection.ts'

const tasks = new Map([
  ['id1', 'web@a'],
  ['id2', 'web@b'],
])
const reply = (...words: string[]): Buffer =>
  Buffer.from(words.map((word, index) => `${word} ${index + 1}\n`).join(''))
const same = (word: string): Buffer => reply(...new Array<string>(linesPerConnection).fill(word))

describe('requests over one connection', () => {
  it('are lines, ended by an empty one', () => {
    expect(requestLines('n0nce').toString()).to.match(/^(n0nce [1-6]\n){6}\n$/)
  })

  it('are told apart by what they asked', () => {
    expect(answersOf(Buffer.from('id1 1\nid1 3\n'))).to.deep.equal([
      'id1',
      undefined,
      'id1',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('are answered by one task each time, which may be another for the next connection', () => {
    expect(connectionProblems('rr@a', [same('id1'), same('id2')], tasks)).to.deep.equal([])
  })

  it('are not balanced by connection when two tasks answer', () => {
    const mixed = reply('id1', 'id2', 'id1', 'id2', 'id1', 'id2')
    expect(connectionProblems('rr@a', [mixed], tasks)).to.deep.equal([
      'rr@a, connection 1: its requests were answered by web@a and web@b',
    ])
  })

  it('are missed when they are not answered, and strangers named', () => {
    expect(connectionProblems('rr@a', [undefined, same('id9')], tasks)).to.deep.equal([
      'rr@a, connection 1: 0 of 6 requests over it were answered',
      'rr@a, connection 2: "id9" answered, which is no running task of the service',
    ])
  })
})
