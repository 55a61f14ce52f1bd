import { expect } from 'chai'
import { type RequirementRecord, type RunRecord, summarizeRun } from './run-record.ts'
import { exampleVerdict } from './verdict.fake.ts'
import type { Outcome } from './verdict.ts'

function record(
  outcomes: readonly (Outcome | undefined)[],
  changed: Partial<RunRecord> = {},
  advisory = false,
): RunRecord {
  const requirements = outcomes.map((outcome, index): RequirementRecord => ({
    id: `AAA-0${index}`,
    lab: 'made-up',
    requirement: '',
    source: [],
    safety: 'production',
    advisory,
    method: '',
    usualCauses: [],
    remedy: [],
    ...(outcome === undefined ? {} : { verdict: exampleVerdict(outcome, '') }),
  }))
  return { state: 'finished', requirements, ...changed } as RunRecord
}

describe('summarize', () => {
  const conclusion = (...given: Parameters<typeof record>): string =>
    summarizeRun(record(...given)).conclusion

  it('is conformant when all binding requirements passed', () => {
    expect(summarizeRun(record(['pass', 'pass']))).to.deep.include({
      conclusion: 'conformant',
      partial: false,
    })
  })

  it('calls a run with skips partial', () => {
    expect(summarizeRun(record(['pass', 'skip']))).to.deep.include({
      conclusion: 'conformant',
      partial: true,
    })
  })

  it('is not conformant with one failure, whatever else happened', () => {
    expect(conclusion(['pass', 'fail', 'inconclusive'])).to.equal('not conformant')
    expect(conclusion(['fail', undefined], { state: 'interrupted' })).to.equal('not conformant')
  })

  it('is inconclusive when something could not be known, was not reached, or nothing passed', () => {
    expect(conclusion(['pass', 'inconclusive'])).to.equal('inconclusive')
    expect(conclusion(['pass', undefined])).to.equal('inconclusive')
    expect(conclusion(['skip', 'skip'])).to.equal('inconclusive')
    expect(conclusion(['pass'], { state: 'interrupted' })).to.equal('inconclusive')
    expect(conclusion([])).to.equal('inconclusive')
  })

  it('never lets advisory requirements decide', () => {
    const mixed = record(['pass'])
    mixed.requirements.push(...record(['fail', 'inconclusive'], {}, true).requirements)
    expect(summarizeRun(mixed).conclusion).to.equal('conformant')
  })
})
