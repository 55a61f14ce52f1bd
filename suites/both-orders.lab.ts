import { expect } from 'chai'
import { faults } from '../lib/fault/fault-table.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { inBothOrders } from './both-orders.ts'
import { suites } from './index.ts'
import { runOptions, usualFaults } from './lab-test.ts'
import { raisedLab } from './raised-lab.fake.ts'

const topology = findTopology('three-node')
/** What is verified side by side, and besides it what a fault breaks. */
const creating = suites
  .flatMap(({ tests }) => tests)
  .filter(({ safety, changes }) => safety === 'production' && changes.length > 0)
  .map(({ id }) => id)

/** Twice the standard profile, and each of the usual faults twice: `BOTH_ORDERS=1` asks for it, the test command alone does not. */
const describeAsked = process.env['BOTH_ORDERS'] === undefined ? describe.skip : describe

describeAsked('requirements one after another and side by side', () => {
  const lab = raisedLab(topology.name, 'both-orders')

  it('have the same verdicts on a whole lab', async () => {
    const { differing } = await inBothOrders(lab.raised, {
      ...runOptions(lab.folder),
      topology,
      only: [],
    })
    expect(differing).to.deep.equal([])
  })

  for (const fault of faults.filter(({ name }) => usualFaults.includes(name)))
    it(`have the same verdicts under ${fault.name}`, async () => {
      const broken = fault.breaks.filter((id) =>
        suites.some(({ tests }) => tests.some((test) => test.id === id && test.safety === 'production')),
      )
      const only = [...new Set([...creating, ...broken])]
      const { differing } = await inBothOrders(lab.raised, {
        ...runOptions(lab.folder),
        topology,
        only,
        fault,
      })
      expect(differing).to.deep.equal([])
    })
})
