import { expect } from 'chai'
import type { Trial } from './bench.ts'
import { isGood, judgeTarget, type Result, tell } from './table.ts'

const took = (wallSeconds: number): Trial => ({
  ...{ wallSeconds, cpuSeconds: wallSeconds / 2, machineSeconds: 2 * wallSeconds },
  ...{ fixedWorkMs: [30, 31], exitCode: 0 },
})
const trials = { earlier: [10, 20, 30].map(took), now: [4, 6, 15].map(took) }
const parties = ['earlier', 'now']

const result = (most: number, rest: Partial<Result> = {}): Result => ({
  ...{ name: 'quick', about: 'two sides', trials, counts: [] },
  targets: [judgeTarget({ figure: 'wall', of: 'earlier', most }, trials)],
  ...rest,
})

describe('the table of bench:run', () => {
  it('judges the median of the ratios of pairs', () => {
    const [target] = result(0.4).targets
    expect(target?.ratios).to.deep.equal([0.4, 0.3, 0.5])
    expect(target?.met).to.equal(true)
    expect(isGood(result(0.4))).to.equal(true)
    expect(isGood(result(0.39))).to.equal(false)
  })

  it('judges no bytes over SSH where neither side had any', () => {
    const target = judgeTarget({ figure: 'bytes over SSH', of: 'earlier', most: 0.5 }, trials)
    expect(target.met).to.equal(undefined)
    expect(isGood(result(1, { targets: [target] }))).to.equal(true)
  })

  it('fails for a count without a decision', () => {
    const count = { what: 'probes', earlier: 10, now: 9, fails: true }
    expect(isGood(result(1, { counts: [count] }))).to.equal(false)
    expect(isGood(result(1, { counts: [{ ...count, decision: '0018-waiting-for-silence.md' }] }))).to.equal(
      true,
    )
  })

  it('says it in lines', () => {
    const count = { what: 'probes', earlier: 10, now: 9, fails: true }
    const text = tell(result(0.35, { counts: [count], beside: 'more' }), { parties })
    expect(text).to.equal(
      [
        'quick: two sides (3 pairs)',
        '           wall s                  CPU s                  machine s',
        '  earlier  20.00 (10.00 to 30.00)  10.00 (5.00 to 15.00)  40.00 (20.00 to 60.00)',
        '  now      6.00 (4.00 to 15.00)    3.00 (2.00 to 7.50)    12.00 (8.00 to 30.00)',
        '                       median (lowest to highest)  target',
        '  wall, now ÷ earlier  0.40 (0.30 to 0.50)         ≤ 0.35  MISSED',
        '  CPU, now ÷ earlier   0.40 (0.30 to 0.50)',
        '          earlier  now',
        '  probes  10       9    LOWER OR DIFFERENT',
        '  beside: more',
      ].join('\n'),
    )
  })

  it('says where turns did not end well', () => {
    const failed = {
      ...trials,
      now: trials.now.map((trial) => ({ ...trial, exitCode: 1, told: '9 passed, 1 failed' })),
    }
    const text = tell(result(1, { trials: failed }), { parties })
    expect(text).to.include('now: exit codes 1, 1, 1').and.to.include('now: 9 passed, 1 failed')
  })

  it('says where the machine was not equally fast', () => {
    const slower = { ...trials, now: trials.now.map((trial) => ({ ...trial, fixedWorkMs: [31, 60] })) }
    expect(tell(result(1, { trials: slower }), { parties }))
      .to.include('2.00 times slower at one time than at another')
      .and.to.include('earlier 30 and 31, 30 and 31, 30 and 31; now 31 and 60')
  })
})
