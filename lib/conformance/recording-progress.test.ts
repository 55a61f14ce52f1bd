import { expect } from 'chai'
import { silentProgress, step } from '../progress.ts'
import { newRecord } from './new-record.ts'
import { recordingProgress } from './recording-progress.ts'
import type { StepRecord } from './run-record.ts'

describe('recordingProgress', () => {
  it('keeps what ended, how, and what was last said of it, with the lab where it is known', async () => {
    const steps: StepRecord[] = []
    const logged: unknown[] = []
    const log = { info: (entry: unknown) => void logged.push(entry) }
    await step(recordingProgress(silentProgress, { steps }, undefined), 'Connecting', 'worker1', () =>
      Promise.resolve(),
    )
    const progress = recordingProgress(silentProgress, { steps }, 'existing-hosts', log)
    await step(progress, 'Waiting for tasks', undefined, (current) => {
      current.update('16/17')
      return Promise.reject(new Error('no task runs\nas was seen'))
    }).catch(() => undefined)
    expect(steps.map(({ startedAt: _at, durationMs: _ms, ...kept }) => kept)).to.deep.equal([
      { what: 'Connecting', host: 'worker1', outcome: 'done' },
      { what: 'Waiting for tasks', lab: 'existing-hosts', outcome: 'failed', detail: 'no task runs' },
    ])
    expect(logged).to.deep.equal(steps.slice(1))
  })

  it('adds to a record that begins later, and goes on to', async () => {
    const begun = { startedAt: new Date('2026-01-02T03:04:05Z'), steps: [] as StepRecord[] }
    const progress = recordingProgress(silentProgress, begun, undefined)
    await step(progress, 'Connecting', 'worker1', () => Promise.resolve())
    const record = newRecord({ labs: [], reproduce: 'swarmproof validate', version: 'test', begun })
    await step(progress, 'Removing what was created', undefined, () => Promise.resolve())
    expect(record.startedAt).to.equal('2026-01-02T03:04:05.000Z')
    expect(record.runId).to.match(/^20260102T030405Z-/)
    expect(record.steps.map(({ what }) => what)).to.deep.equal(['Connecting', 'Removing what was created'])
  })
})
