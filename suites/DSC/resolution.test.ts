import { expect } from 'chai'
import type { Lookup } from '../scene/discovery.ts'
import { addressDifferences } from '../scene/address-differences.ts'
import { resolutionProblem } from './resolution.ts'

const expected = new Map([
  ['10.91.1.3', 'web@a'],
  ['10.91.1.4', 'web@b'],
])

const lookup = (answer: Lookup['answer']): Lookup =>
  ({
    from: { service: 'rr', node: { host: { name: 'c' } } },
    name: 'tasks.web',
    observation: { outcome: answer === undefined ? 'timeout' : 'answered', elapsedMs: 5000 },
    answer,
  }) as unknown as Lookup

describe('addressDifferences', () => {
  it('finds none whatever the order', () => {
    expect(addressDifferences(['10.91.1.4', '10.91.1.3'], expected)).to.deep.equal([])
  })

  it('names what is missing, what is too much and what came twice', () => {
    expect(addressDifferences(['10.91.1.3', '10.91.1.9', '10.91.1.3'], expected)).to.deep.equal([
      '10.91.1.4 (web@b) is missing',
      '10.91.1.9 should not be there',
      '10.91.1.3 is there twice',
    ])
  })
})

describe('resolutionProblem', () => {
  it('is undefined for the right addresses', () => {
    const answer = { rcode: 'NOERROR', addresses: ['10.91.1.3', '10.91.1.4'] }
    expect(resolutionProblem(lookup(answer), expected)).to.equal(undefined)
  })

  it('says who got no answer, an error or a wrong one', () => {
    expect(resolutionProblem(lookup(undefined), expected)).to.equal(
      'rr@c asks for tasks.web: no answer within 5.0 s',
    )
    expect(resolutionProblem(lookup({ rcode: 'NXDOMAIN', addresses: [] }), expected)).to.match(/NXDOMAIN$/)
    expect(resolutionProblem(lookup({ rcode: 'NOERROR', addresses: [] }), expected)).to.match(/missing/)
  })
})
