import { expect } from 'chai'
import { problemCodes } from './codes.ts'
import { describeProblem, describeProblems } from './describe-problem.ts'
import { inEvery, nodesOf, type Problem, problemKey } from './problem.ts'

const lost: Problem = {
  ...{ code: 'not-delivered', kind: 'missed', network: 'swp-clear', protocol: 'UDP' },
  path: { from: 'worker1', to: 'manager' },
  ends: { from: 'swp-rr@worker1', to: 'swp-web@manager' },
  observed: 'no answer within 5.0 s',
}

describe('describing problems', () => {
  it('says where, what, expected and observed', () => {
    expect(describeProblem(lost)).to.equal(
      'swp-rr@worker1 → swp-web@manager, swp-clear: UDP was not delivered: no answer within 5.0 s',
    )
    expect(describeProblem({ ...lost, via: 'OVL-03' })).to.match(/^OVL-03, swp-rr@worker1 →/)
    expect(
      describeProblem({
        code: 'altered-on-the-way',
        kind: 'seen',
        node: 'worker1',
        protocol: 'UDP',
        expected: 3,
      }),
    ).to.equal('worker1: UDP came back with other bytes than were sent (expected 3)')
  })

  it('lists several, eight at most', () => {
    expect(describeProblems([])).to.equal('')
    expect(describeProblems(Array<Problem>(10).fill(lost)).split('\n')).to.have.lengthOf(10)
    expect(describeProblems(Array<Problem>(10).fill(lost))).to.match(
      /^10 problems:\n- swp-rr[^]*- and 2 more$/,
    )
  })

  it('has a phrase of known placeholders for every code', () => {
    const known = /^(from|to|node|network|service|protocol|address|port|subject|expected|observed)$/
    for (const [code, phrase] of Object.entries(problemCodes)) {
      expect(code).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      for (const [, name] of phrase.matchAll(/\{(\w+)\}/g)) expect(name, code).to.match(known)
      expect(phrase, code).to.not.match(/\.$/)
    }
  })
})

describe('problems', () => {
  it('are the same whatever was observed', () => {
    expect(problemKey({ ...lost, observed: 'refused' })).to.equal(problemKey(lost))
    expect(problemKey({ ...lost, network: 'swp-secret' })).to.not.equal(problemKey(lost))
  })

  it('of several looks are those that all showed', () => {
    const other: Problem = { ...lost, protocol: 'TCP' }
    expect(inEvery([[lost, other], [{ ...lost, observed: 'refused' }]])).to.deep.equal([lost])
    expect(inEvery([])).to.deep.equal([])
  })

  it('name the nodes they are about', () => {
    expect(nodesOf({ node: 'a', path: { from: 'a', to: 'b' } })).to.deep.equal(['a', 'b'])
  })
})
