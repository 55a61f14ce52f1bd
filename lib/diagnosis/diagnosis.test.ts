import { expect } from 'chai'
import { exampleRuns } from '../report/fixtures/example-runs.fake.ts'
import { run, titles } from './rules/patterns.fake.ts'

describe('diagnosis', () => {
  it('finds nothing where nothing failed or nothing was reached', () => {
    for (const name of ['conformant', 'interrupted', 'harness-failed']) {
      expect(titles(exampleRuns[name]?.() ?? run()), name).to.deep.equal([])
    }
  })
})
