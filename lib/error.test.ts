import { expect } from 'chai'
import { InputError, SwarmproofError, unknownName } from './error.ts'

describe('SwarmproofError', () => {
  it('says what, where, expected, observed and what to do, in this order', () => {
    const error = new SwarmproofError({
      code: 'X',
      what: 'the engine does not answer',
      host: 'worker1',
      expected: 'an answer within 30 s',
      observed: 'connection refused',
      hint: 'look at the engine log',
    })
    expect(error.message).to.equal(
      'the engine does not answer (on worker1)\n' +
        '  expected: an answer within 30 s\n' +
        '  observed: connection refused\n' +
        '  do next:  look at the engine log',
    )
    expect(error.name).to.equal('SwarmproofError')
  })

  it('names what is valid when a name is unknown', () => {
    const error = unknownName('node', 'wroker1', ['worker1', 'manager'])
    expect(error).to.be.instanceOf(InputError)
    expect(error.code).to.equal('UNKNOWN_NODE')
    expect(error.message).to.include("unknown node 'wroker1'").and.include('valid: manager, worker1')
  })

  it('names of many no more than a dozen, or how to list them, and always those that were perhaps meant', () => {
    const many = Array.from({ length: 30 }, (_, index) => `node-${String(index).padStart(2, '0')}`)
    expect(unknownName('node', 'nodee-29', many).message).to.match(
      /^unknown node 'nodee-29', did you mean node-29.*\?\n {2}do next: {2}valid: node-00, .*node-11 and 18 more$/,
    )
    expect(unknownName('node', 'x', many, '`docker node ls` lists them').message).to.equal(
      "unknown node 'x'\n  do next:  `docker node ls` lists them",
    )
  })
})
