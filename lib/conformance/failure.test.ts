import { expect } from 'chai'
import { failureOf } from './failure.ts'
import { newRecord } from './new-record.ts'
import type { RunRecord, StepRecord } from './run-record.ts'

const ended = (what: string, second: number, outcome: StepRecord['outcome'], host?: string): StepRecord => ({
  ...{ what, lab: 'existing-hosts', outcome, durationMs: 1000 },
  ...(host === undefined ? {} : { host }),
  startedAt: new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString(),
})

describe('failureOf', () => {
  const stepOf = async (...steps: StepRecord[]): Promise<unknown[]> => {
    const record: RunRecord = { ...newRecord({ labs: [], reproduce: '', version: 'test' }), steps }
    const { step, host } = await failureOf(new Error('gone'), record, 'existing-hosts', undefined)
    return [step, host]
  }

  it('names the step that failed, with its host', async () => {
    const steps = [ended('Connecting', 1, 'done', 'web1'), ended('Reading the stack', 2, 'failed', 'web2')]
    expect(await stepOf(...steps)).to.deep.equal(['Reading the stack', 'web2'])
  })

  it('names none that failed and was borne before verifying began', async () => {
    const borne = ended('Waiting for tasks', 1, 'failed', 'web2')
    expect(await stepOf(borne, ended('Verifying', 5, 'done'))).to.deep.equal(['Verifying', undefined])
    const restore = ended('Putting the lab back', 9, 'failed', 'web1')
    expect(await stepOf(borne, ended('Verifying', 5, 'done'), restore)).to.deep.equal([
      'Putting the lab back',
      'web1',
    ])
  })
})
