import { expect } from 'chai'
import type { RequirementRecord, StepRecord } from '../conformance/run-record.ts'
import { timeProfileLines } from '../cli/time-profile-lines.ts'
import { unpacked } from '../../suites/stored/unpacked.fake.ts'
import { exampleRuns } from './fixtures/example-runs.fake.ts'
import { readRun } from './read-run.ts'
import { profileTime, timeProfileOf } from './time-profile.ts'

const at = (seconds: number): string => new Date(1_000_000_000_000 + 1000 * seconds).toISOString()
const step = (what: string, from: number, seconds: number, host?: string): StepRecord => ({
  what,
  lab: 'three-node',
  ...(host === undefined ? {} : { host }),
  startedAt: at(from),
  durationMs: 1000 * seconds,
  outcome: 'done',
})
const requirement = (id: string, from: number, seconds: number): RequirementRecord =>
  ({ id, lab: 'three-node', startedAt: at(from), durationMs: 1000 * seconds }) as RequirementRecord

describe('the profile of time', () => {
  const profile = profileTime(
    [
      step('Cloning', 0, 4, 'manager'),
      step('Cloning', 1, 5, 'worker1'),
      step('Waiting for tasks', 10, 2),
      step('Waiting for tasks', 20, 3),
    ],
    [requirement('OVL-01', 30, 1), requirement('LB-02', 31, 20)],
    60_000,
  )

  it('counts what ran side by side on several hosts once', () => {
    expect(profile.steps).to.deep.equal([
      {
        what: 'Cloning',
        lab: 'three-node',
        durationMs: 6000,
        share: 0.1,
        times: 2,
        hosts: [
          { host: 'worker1', durationMs: 5000 },
          { host: 'manager', durationMs: 4000 },
        ],
      },
      { what: 'Waiting for tasks', lab: 'three-node', durationMs: 5000, share: 5 / 60, times: 2, hosts: [] },
    ])
  })

  it('has the longest requirement first, and what lay between all of it', () => {
    expect(profile.requirements.map(({ id }) => id)).to.deep.equal(['LB-02', 'OVL-01'])
    expect(profile.betweenMs).to.equal(60_000 - 6000 - 5000 - 21_000)
  })

  it('compares what was expected of a lab with what became of it', async () => {
    const record = await readRun(unpacked('packets-lost'))
    const expected = { probes: 1200, seconds: 400, least: 340, most: 460, runs: 3, atOnce: 1 }
    const labs = record.labs.map((lab) => ({ ...lab, expected, verified: { probes: 1176, seconds: 421 } }))
    const lines = timeProfileLines(timeProfileOf({ ...record, labs })).split('\n')
    expect(lines[1]).to.equal(
      'Verifying three-node: expected 1200 probes and 6 min 40 s; sent 1176 (−2 %), took 7 min 01 s (+5 %)',
    )
    const stopped = record.labs.map((lab) => ({ ...lab, expected }))
    expect(timeProfileLines(timeProfileOf({ ...record, labs: stopped })).split('\n')[1]).to.equal(
      'Verifying three-node: expected 1200 probes and 6 min 40 s; did not come to its end',
    )
    expect(timeProfileOf(record)).not.to.have.property('expectations')
  })

  it('is told in lines', () => {
    expect(timeProfileLines(profile).split('\n')).to.deep.equal([
      'Time: 1 min 00 s, of it 28.0 s in no step and no requirement',
      'Steps',
      '        6.0 s   10 %  Cloning: worker1 5.0 s, manager 4.0 s',
      '        5.0 s    8 %  Waiting for tasks (2 times)',
      'Requirements',
      '       20.0 s   33 %  LB-02',
      '        1.0 s    2 %  OVL-01',
      '',
    ])
  })

  it('of a stored run adds up to its time, and tells what it leaves out', async () => {
    const stored = timeProfileOf(await readRun(unpacked('standard-conformant')))
    const sum = stored.requirements.reduce((total, { durationMs }) => total + durationMs, 0)
    expect(stored.totalMs).to.be.greaterThan(500_000)
    expect(stored.betweenMs).to.be.within(stored.totalMs - sum - 1, stored.totalMs)
    const rows = timeProfileLines(stored).split('\n')
    expect(rows).to.have.lengthOf(1 + 1 + 15 + 1 + 1)
    expect(rows.at(-2)).to.match(/^ {2}and \d+ more, \d/)
  })

  it('of any run has no share that is no number, and names the lab where there are several', () => {
    for (const make of Object.values(exampleRuns)) {
      const { steps, requirements } = timeProfileOf(make())
      for (const { share } of [...steps, ...requirements]) expect(share).to.be.within(0, 1)
    }
    const several = exampleRuns['several-labs']
    if (several === undefined) throw new Error('no run of several labs')
    expect(timeProfileLines(timeProfileOf(several()))).to.match(/ on [a-z-]+/)
  })

  it('takes a step before the lab was known for none of another lab', () => {
    const [make] = Object.values(exampleRuns)
    const run = make?.()
    if (run === undefined) throw new Error('no run')
    run.steps.unshift({
      ...{ what: 'Connecting', host: 'worker1', outcome: 'done' },
      ...{ startedAt: run.startedAt, durationMs: 7000 },
    })
    const lines = timeProfileLines(timeProfileOf(run))
    expect(lines).to.contain('Connecting: worker1 7.0 s')
    expect(lines).not.to.match(/ on [a-z-]+/)
  })
})
