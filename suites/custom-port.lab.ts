import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { planLabs } from '../lib/conformance/plan.ts'
import { planRun } from '../lib/conformance/run.ts'
import { selectTests } from '../lib/conformance/selection.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { suites } from './index.ts'
import { unwanted, leftOutWhenLate, plainProgress, runOptions } from './lab-test.ts'
import { endLab } from './raised-lab.fake.ts'

describe('a disruptive requirement', () => {
  leftOutWhenLate()
  before(endLab)

  it('is verified on a lab of another shape, which is as before afterwards', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-full-'))
    try {
      const notes: string[] = []
      const plan = planLabs(selectTests(suites, { only: ['CTL-08', 'ING-09', 'OVL-03'] }), {
        named: [findTopology('custom-port')],
        shipped: [],
      })
      const { record } = await planRun(plan, {
        ...runOptions(folder),
        progress: { ...plainProgress, note: (text) => notes.push(text) },
      })
      expect(record.failures, 'failures of the harness').to.deep.equal([])
      expect(unwanted(record.requirements)).to.deep.equal([])
      expect(notes.filter((note) => note.includes('put back'))).to.deep.equal([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
