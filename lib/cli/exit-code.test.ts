import { expect } from 'chai'
import { conformantRun, judge } from '../report/fixtures/example-runs.fake.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'

describe('exit code', () => {
  it('tells the first of: interrupted, binding failure, broken, unknown', () => {
    for (let bits = 0; bits < 16; bits += 1) {
      const [interrupted, bindingFailure, broken, unknown] = [8, 4, 2, 1].map(
        (bit) => (bits & bit) !== 0,
      ) as [boolean, boolean, boolean, boolean]
      const expected = bits >= 8 ? 130 : bits >= 4 ? 1 : bits >= 2 ? 70 : bits >= 1 ? 2 : 0
      expect(exitCode({ interrupted, bindingFailure, broken, unknown }), bits.toString(2)).to.equal(expected)
    }
  })

  const change = (...changes: ((record: RunRecord) => void)[]): RunRecord => {
    const record = conformantRun()
    for (const each of changes) each(record)
    return record
  }
  const state =
    (to: RunRecord['state']) =>
    (record: RunRecord): void => {
      record.state = to
    }
  const failure = (record: RunRecord): void => judge(record, 'CTL-04', 'fail', 'lost')
  const inconclusive = (record: RunRecord): void => judge(record, 'CTL-04', 'inconclusive', 'who knows')
  const advisory = (record: RunRecord): void => {
    judge(record, record.requirements.find((one) => one.advisory)?.id ?? '', 'fail', 'too large')
  }
  const unreached = (record: RunRecord): void => {
    const one = record.requirements.find(({ id }) => id === 'CTL-04')
    if (one !== undefined) delete one.verdict
  }
  const broken = (record: RunRecord): void => {
    record.failures.push({ step: 'Writing the report', message: 'no room', log: [] })
  }
  const leftover = (record: RunRecord): void => {
    record.leftovers = [{ host: 'worker1', what: 'service swp-x', remove: 'docker service rm swp-x' }]
  }

  const table: readonly (readonly [
    what: string,
    code: number,
    record: RunRecord,
    unwritten?: readonly string[],
  ])[] = [
    ['conformant', 0, change()],
    ['an advisory failure', 0, change(advisory)],
    ['inconclusive', 2, change(inconclusive)],
    ['not reached', 2, change(unreached)],
    ['out of time', 2, change(state('out-of-time'), unreached)],
    ['out of time, with a failure', 1, change(state('out-of-time'), unreached, failure)],
    ['something left behind', 70, change(leftover)],
    ['something left behind, and inconclusive', 70, change(leftover, inconclusive)],
    ['a report that could not be written', 70, change(broken)],
    ['a file that could not be written', 70, change(), ['run.json']],
    ['a failed harness', 70, change(state('harness-failed'), broken, unreached)],
    ['killed', 70, change(state('running'), unreached)],
    ['a failed harness after a failure', 1, change(state('harness-failed'), broken, failure)],
    ['something left behind after a failure', 1, change(leftover, failure), ['run.json']],
    ['interrupted', 130, change(state('interrupted'), unreached)],
    ['interrupted after all that', 130, change(state('interrupted'), failure, leftover, broken)],
  ]
  for (const [what, code, record, unwritten] of table) {
    it(`is ${code} for a run that is ${what}`, () => expect(exitCodeOf(record, unwritten)).to.equal(code))
  }
})
