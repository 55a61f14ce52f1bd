import { expect } from 'chai'
import { exampleRuns } from '../report/fixtures/example-runs.fake.ts'
import { exampleFinding } from '../observation/finding.fake.ts'
import { diagnose, unexplained } from './diagnosis.ts'

describe('diagnosis', () => {
  it('finds nothing where nothing failed or nothing was reached', () => {
    for (const name of ['conformant', 'interrupted', 'harness-failed']) {
      const record = exampleRuns[name]?.()
      expect(record === undefined ? [] : diagnose(record), name).to.deep.equal([])
    }
  })

  it('names what no finding explains', () => {
    const record = exampleRuns['not-conformant']?.()
    if (record === undefined) throw new Error('no example')
    const failed = record.requirements
      .filter(({ verdict }) => verdict?.outcome === 'fail')
      .map(({ id }) => id)
    const without = { ...record, findings: [] }
    expect(unexplained(without).map(({ id }) => id)).to.deep.equal(failed)
    const findings = [exampleFinding({ explains: failed.slice(0, 1) })]
    expect(unexplained({ ...record, findings }).map(({ id }) => id)).to.deep.equal(failed.slice(1))
  })
})
