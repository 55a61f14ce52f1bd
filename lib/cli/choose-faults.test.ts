import { expect } from 'chai'
import { InputError } from '../error.ts'
import { faults } from '../fault/fault-table.ts'
import { takenByBoth } from '../fault/side-by-side.ts'
import { chooseFaults, pairsOfFaults } from './choose-faults.ts'

describe('faults to plant', () => {
  it('are all without a name, and else the named ones, as they are', () => {
    expect(chooseFaults([]).map(({ faults: [fault] }) => fault)).to.deep.equal(faults)
    const [one] = chooseFaults(['never-recovers'])
    expect(one?.faults).to.deep.equal(faults.filter(({ name }) => name === 'never-recovers'))
  })

  it('are two at once by A+B, which break what both break', () => {
    const [both] = chooseFaults(['esp-dropped+underlay-mtu'])
    expect(both?.faults.map(({ name }) => name)).to.deep.equal(['esp-dropped', 'underlay-mtu'])
    expect(both?.breaks).to.include.members(['ENC-10', 'MTU-04'])
    for (const wrong of ['esp-dropped+underlay-mtu+hop-off-ttl'])
      expect(() => chooseFaults([wrong]), wrong).to.throw(InputError)
    for (const wrong of ['esp-lost+esp-lost', 'esp-lost+gossip-lost'])
      expect(() => chooseFaults([wrong]), wrong).to.throw(InputError, /both take routes to a node/)
    expect(() => chooseFaults(['esp-lost+nope'])).to.throw(InputError, /nope/)
  })

  it('are six pairs that operators could have, each of which a finding names', () => {
    expect(pairsOfFaults()).to.have.lengthOf(6)
    for (const {
      faults: [one, other],
    } of pairsOfFaults())
      expect(takenByBoth(one?.name ?? '', other?.name ?? '')).to.deep.equal([])
    for (const { name, faults: both } of pairsOfFaults())
      expect(
        both.filter(({ namedBy }) => namedBy !== undefined),
        name,
      ).to.have.lengthOf(2)
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
