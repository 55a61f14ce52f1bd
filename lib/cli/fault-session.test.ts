import { expect } from 'chai'
import { chooseFaults } from './choose-faults.ts'
import { labsFor, notOnLabs } from './fault-session.ts'

const idsOf = (labs: ReturnType<typeof labsFor>): string[] =>
  labs.flatMap(({ suites }) => suites.flatMap(({ tests }) => tests.map(({ id }) => id)))

describe('labs of faults', () => {
  it('are such as have what is broken', () => {
    const chosen = chooseFaults(['bridge-settings-lost', 'wrong-advertise-interface'])
    const labs = labsFor(chosen)
    expect(idsOf(labs).sort()).to.deep.equal(['CTL-12', 'GWB-05'])
    expect(labs).to.have.lengthOf(2)
    expect(notOnLabs(chosen, labs)).to.deep.equal([])
  })

  it('that were named verify what they have what it needs for, and the rest is told', () => {
    const chosen = chooseFaults(['control-traffic-wrong-interface', 'task-interface-mtu'])
    const labs = labsFor(chosen, ['three-node'])
    expect(idsOf(labs)).to.include('MTU-02').and.not.include('CTL-09')
    expect(notOnLabs(chosen, labs)).to.deep.equal([
      'control-traffic-wrong-interface: CTL-09 cannot be verified on the labs that were chosen; the fault is not planted',
      'task-interface-mtu: MTU-06 cannot be verified on the labs that were chosen',
    ])
  })
})
