import { expect } from 'chai'
import { rules } from './rule-table.ts'

describe('the table of rules', () => {
  it('gives every rule a code and a place of its own, the gravest first', () => {
    for (const values of [rules.map(({ code }) => code), rules.map(({ gravity }) => String(gravity))])
      expect(new Set(values).size).to.equal(values.length)
    const codes = rules.map(({ code }) => code)
    expect(codes[0]).to.equal('swarm-moved')
    // A cause before what follows from it.
    for (const [cause, consequence] of [
      ['engine-does-not-answer', 'stack-incomplete'],
      ['host-firewall-drops', 'data-path-port-blocked'],
      ['data-path-port-blocked', 'ipvs-differs-by-node'],
    ] as const)
      expect(codes.indexOf(cause), cause).to.be.lessThan(codes.indexOf(consequence))
  })
})
