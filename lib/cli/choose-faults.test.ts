import { expect } from 'chai'
import { InputError } from '../error.ts'
import { faults } from '../fault/fault-table.ts'
import { chooseFaults } from './choose-faults.ts'

describe('faults to plant', () => {
  it('are all without a name, and else the named ones, as they are', () => {
    expect(chooseFaults([])).to.equal(faults)
    expect(chooseFaults(['never-recovers'])).to.deep.equal(
      faults.filter(({ name }) => name === 'never-recovers'),
    )
  })

  it('are those that break one of the named requirements, with these alone', () => {
    const [fault, ...others] = chooseFaults(['never-recovers', 'gossip-cut-off'], ['res-03'])
    expect(fault).to.include({ name: 'never-recovers' })
    expect(fault?.breaks).to.deep.equal(['RES-03'])
    expect(others).to.deep.equal([])
    const forOne = chooseFaults([], ['VXL-06'])
    expect(forOne.length).to.be.above(1)
    for (const { breaks } of forOne) expect(breaks).to.deep.equal(['VXL-06'])
  })

  it('are refused by name where there is none such', () => {
    expect(() => chooseFaults(['nope'])).to.throw(InputError, /nope/)
    expect(() => chooseFaults([], ['XX-01'])).to.throw(InputError, /XX-01/)
    expect(() => chooseFaults(['never-recovers'], ['ADR-03'])).to.throw(InputError, /ADR-03/)
  })
})
