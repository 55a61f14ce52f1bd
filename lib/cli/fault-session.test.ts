import { expect } from 'chai'
import { chooseFaults } from './choose-faults.ts'
import type { Lab } from '../host/host.ts'
import { findTopology } from '../topology/find-topology.ts'
import {
  labsFor,
  notOnLabs,
  notOnStanding,
  onOneLab,
  standingPlan,
  withoutRejoining,
} from './fault-session.ts'

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

  it('that stand are spared a node that leaves, also where something else breaks the same', () => {
    const chosen = chooseFaults(['advertised-apart', 'gossip-datagrams-dropped', 'wrong-advertise-interface'])
    const lab = { topology: findTopology('three-node') } as Lab
    const able = withoutRejoining(chosen)
    const planned = standingPlan(lab, able)
    expect(able.flatMap((one) => onOneLab(one, planned).map((ids) => [one.name, ...ids]))).to.deep.equal([
      ['gossip-datagrams-dropped', 'CTL-03'],
    ])
    expect(notOnStanding(chosen, planned)).to.deep.equal([
      'advertised-apart: a node leaves the swarm under it; it is not planted on a lab that stands',
      'wrong-advertise-interface: CTL-12 cannot be verified on the labs that were chosen; the fault is not planted',
    ])
    expect(withoutRejoining(chooseFaults(['vxlan-lost+advertised-apart']))).to.deep.equal([])
  })
})
