import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { resume } from '../lib/conformance/bring-up.ts'
import { keptLab } from '../lib/conformance/kept-lab.ts'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { unmetNeeds } from '../lib/conformance/topology-features.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import type { Fault } from '../lib/fault/fault.ts'
import { faults } from '../lib/fault/fault-table.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { FaultLab } from './fault-lab.ts'
import { plantingOf } from './seen-to-fail.ts'
import { suites } from './index.ts'
import { leftOutWhenLate, plainProgress, usualFaults, verifyGiven } from './lab-test.ts'
import { endLab, takeLab } from './raised-lab.fake.ts'

const topology = findTopology('three-node')
const signal = new AbortController().signal

/** A defect planted, seen by the requirements it must break, removed, and seen no more. */
describe('faults on a three-node lab', () => {
  const common = { progress: plainProgress, signal }
  let folder = ''
  let failed = false
  const lab = new FaultLab({
    ...common,
    raise: () => takeLab(topology.name),
    leave: endLab,
    resume: (raised) => resume(topology, raised.lab, raised.built, common),
    seeAgain: async ({ lab: standing, built }) => ({ ...(await keptLab(standing, common)), built }),
    verify: async (raised, ids) => {
      const { record, store } = await verifyGiven(topology, raised, ids, folder)
      return { ...record, findings: diagnose(record, observationReader(store.folder, record)) }
    },
    // Those are not chosen here.
    isDisruptive: () => false,
  })

  if (process.env.SWARMPROOF_FAULTS === undefined) leftOutWhenLate()
  before(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-faults-'))))

  afterEach(function () {
    failed ||= this.currentTest?.state === 'failed'
  })

  after(async () => {
    await lab.end()
    if (failed) console.log(`      evidence is kept in ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  })

  for (const fault of chosenFaults().map(onThisLab)) {
    it(`${fault.description.replace(/\.$/, '')}: fails ${fault.breaks.join(', ')}`, async () => {
      const seen = await lab.see(plantingOf(fault))
      expect(seen.problems).to.deep.equal([])
      // The lab is a good one, so that nothing may fail without the fault.
      expect(seen.failsAnyway).to.deep.equal([])
    })
  }
})

/** One of each kind; SWARMPROOF_FAULTS=all plants every one, or names some. */
function chosenFaults(): readonly Fault[] {
  const wish = process.env.SWARMPROOF_FAULTS ?? usualFaults.join(',')
  const chosen = faults.filter(({ name }) => wish === 'all' || wish.split(',').includes(name))
  if (wish !== 'all' && chosen.length < wish.split(',').length) {
    throw new Error(`unknown fault in ${wish}; valid: ${faults.map(({ name }) => name).join(', ')}`)
  }
  return chosen
}

/** Some also break requirements that need another lab, or that disturb this one. */
function onThisLab(fault: Fault): Fault {
  const here = (id: string): boolean =>
    suites.some(({ tests }) =>
      tests.some(
        (test) => test.id === id && test.safety === 'production' && unmetNeeds(test, topology).length === 0,
      ),
    )
  return { ...fault, breaks: fault.breaks.filter(here) }
}
