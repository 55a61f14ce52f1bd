import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { suites } from '../../suites/index.ts'
import { storedFiles } from '../../suites/stored/stored-run.ts'
import { earlierLabs } from './earlier-lab.ts'
import { expectedTime, type TimePlan } from './expected-time.ts'
import { describeForecast, describeRange, type Forecast } from './forecast.ts'
import type { RunRecord } from './run-record.ts'
import { wavesOf } from './verification-waves.ts'

const tests = suites.flatMap((suite) => suite.tests)
const readsOf = new Map(tests.map(({ id, reads }) => [id, reads]))
const run = JSON.parse(storedFiles('standard-conformant')['run.json'] ?? '') as RunRecord
const [lab] = run.labs
if (lab === undefined) throw new Error('no lab')
const selected = tests.filter(({ id }) => run.requirements.some((one) => one.id === id))
const secondsOf = (...ids: string[]): number =>
  run.requirements
    .filter(({ id }) => ids.includes(id))
    .reduce((sum, { durationMs = 0 }) => sum + durationMs / 1000, 0)

const verifiedStandard = JSON.parse(
  readFileSync(new URL('fixtures/verified-standard.json', import.meta.url), 'utf8'),
) as readonly {
  readonly atOnce: number
  readonly callMs: number
  readonly probes: number
  /** From the first requirement to the last. */
  readonly seconds: number
  readonly ids: readonly string[]
}[]

const plan = (ids: readonly string[], given: Partial<TimePlan> = {}): TimePlan => {
  const bounds = given.bounds ?? { requirements: 1, tasks: 12 }
  const wanted = tests.filter(({ id }) => ids.includes(id))
  const one = { group: 'AAA', title: '', tests: wanted }
  return {
    ...{ waves: wavesOf({ suites: [one] }, bounds), bounds, nodes: 3, probes: 1000 },
    ...{ earlier: earlierLabs([run], lab), readsOf },
    ...given,
  }
}
const all = selected.map(({ id }) => id)

describe('the time that verifying is expected to take', () => {
  it('is that of an earlier run of such a lab, one after another', () => {
    const { seconds, least, most, runs } = expectedTime(plan(all))
    expect(seconds).to.be.closeTo(secondsOf(...all), 5)
    expect([least, most, runs]).to.deep.equal([Math.round(seconds * 0.75), Math.round(seconds * 1.25), 1])
  })

  it('is less where several are verified side by side', () => {
    const sideBySide = expectedTime(plan(all, { bounds: { requirements: 4, tasks: 12 } })).seconds
    expect(sideBySide).to.be.below(0.9 * expectedTime(plan(all)).seconds)
  })

  it('of a few holds the scenes that others made then', () => {
    // CTL-04 made the exchange that OVL-03 rests on.
    expect(secondsOf('OVL-03')).to.be.below(0.1)
    expect(expectedTime(plan(['OVL-03'])).seconds).to.equal(Math.round(secondsOf('OVL-03', 'CTL-04')))
  })

  it('is the median of several, and of the pace of the hosts now', () => {
    const [earlier] = earlierLabs([run], lab)
    if (earlier === undefined) throw new Error('no earlier lab')
    const slower = (factor: number) => ({
      ...earlier,
      verified: earlier.verified.map((one) => ({ ...one, seconds: factor * one.seconds })),
    })
    const once = expectedTime(plan(all)).seconds
    const three = expectedTime(plan(all, { earlier: [slower(9), slower(1), slower(1.1)] }))
    expect(three.seconds).to.be.closeTo(1.1 * once, 5)
    const now = { earlier: [{ ...earlier, callMs: 50 }], callMs: 100 }
    expect(expectedTime(plan(all, now)).seconds).to.be.closeTo(1.5 * once, 5)
    const alike = { earlier: [{ ...earlier, atOnce: 4 }] }
    expect(expectedTime(plan(all, alike)).runs, 'verified side by side then').to.equal(0)
  })

  it('is by a table where nothing is known of such a lab, with a wide range', () => {
    const { seconds, least, most, runs } = expectedTime(plan(all, { earlier: [] }))
    expect(runs).to.equal(0)
    expect([least, most]).to.deep.equal([Math.round(seconds / 2), Math.round(seconds * 1.5)])
    const more = expectedTime(plan(all, { earlier: [], nodes: 50, probes: 100_000 }))
    expect(more.seconds).to.be.above(5 * seconds)
    expect(expectedTime(plan(all, { earlier: [], callMs: 20 })).seconds).to.be.below(seconds)
  })

  // Three emulated machines of one processor each, engine 26.1; what runs of the standard profile showed.
  for (const { atOnce, callMs, probes, seconds: took, ids } of verifiedStandard)
    it(`is by that table as it was, ${atOnce} at once, where a call took ${callMs} ms`, () => {
      const bounds = { requirements: atOnce, tasks: 12 }
      const { seconds } = expectedTime(plan(ids, { earlier: [], bounds, callMs, probes }))
      expect(seconds).to.be.within(0.8 * took, 1.2 * took)
    })

  // Three, five and twenty containers on two processors took 56, 69 and 238 s, and a call 87, 175 and 607 ms.
  it('is, of containers, by what calls take that share their processors', () => {
    const of = (nodes: number, callMs: number): number =>
      expectedTime(plan(all, { earlier: [], nodes, callMs, sharesKernel: true })).seconds
    const emulated = expectedTime(plan(all, { earlier: [], callMs: 87 })).seconds
    expect(of(3, 87)).to.be.below(0.5 * emulated)
    expect(of(20, 607) / of(3, 87)).to.be.within(3, 7)
  })

  it('takes runs of other hosts and engines for no such lab', () => {
    const other = lab.nodes.map((node) => ({ ...node, engineVersion: '20.10.24' }))
    expect(earlierLabs([run], { origin: 'ssh', nodes: lab.nodes })).to.deep.equal([])
    expect(earlierLabs([run], { ...lab, nodes: other })).to.deep.equal([])
    expect(earlierLabs([run], { ...lab, nodes: lab.nodes.toReversed() })).to.have.lengthOf(1)
  })

  it('takes nothing of what was skipped, and no wait for starved hosts', () => {
    const once = structuredClone(run)
    const [first] = once.requirements
    const second = once.requirements.find(({ durationMs = 0 }) => durationMs > 10_000)
    const [only] = once.labs
    if (first?.verdict === undefined || second?.startedAt === undefined || only === undefined)
      throw new Error('nothing was verified')
    Object.assign(first.verdict, { outcome: 'skip' })
    const wait = { startedAt: second.startedAt, durationMs: 6000, calm: true, hosts: [] }
    Object.assign(only, { slowedDown: { waitedMs: 6000, waits: [wait] } })
    const secondsBy = (given: RunRecord) =>
      new Map(earlierLabs([given], lab)[0]?.verified.map(({ id, seconds }) => [id, seconds]))
    const [before, now] = [secondsBy(run), secondsBy(once)]
    expect([before.has(first.id), now.has(first.id)]).to.deep.equal([true, false])
    expect(now.get(second.id)).to.be.closeTo((before.get(second.id) ?? 0) - 6, 0.1)
  })

  it('holds what passed before a requirement was begun, as for putting a lab back', () => {
    const disruptive = JSON.parse(storedFiles('disruptive')['run.json'] ?? '') as RunRecord
    const [first] = disruptive.labs
    if (first === undefined) throw new Error('no lab')
    const [earlier] = earlierLabs([disruptive], first)
    const own = disruptive.requirements.filter(({ lab: name }) => name === first.name)
    const sum = own.reduce((total, { durationMs = 0 }) => total + durationMs / 1000, 0)
    const begun = Date.parse(own[0]?.startedAt ?? '')
    const last = own.at(-1)
    const passed = (Date.parse(last?.startedAt ?? '') + (last?.durationMs ?? 0) - begun) / 1000
    const told = earlier?.verified.reduce((total, { seconds }) => total + seconds, 0)
    expect(told)
      .to.be.closeTo(passed, 1)
      .and.to.be.above(sum + 30)
  })
})

describe('what is said of it', () => {
  const expected: Forecast = { probes: 5234, seconds: 390, least: 361, most: 419, runs: 3, atOnce: 1 }

  it('is one line', () => {
    expect(describeForecast(expected, 78, undefined)).to.equal(
      'Verifying 78 requirements with about 5200 probes, expected to take 6 to 7 min (by 3 earlier runs)',
    )
    expect(
      describeForecast({ ...expected, probes: 1, runs: 0 }, 1, { taken: 400, of: 2450, seed: 7 }),
    ).to.equal(
      'Verifying 1 requirement with about 1 probe between 400 of 2450 ordered pairs of nodes (seed 7), expected to take 6 to 7 min (by no earlier run of such a lab)',
    )
  })

  it('has a range in the unit that suits it', () => {
    expect([
      describeRange(0, 1),
      describeRange(21, 34),
      describeRange(50, 130),
      describeRange(3000, 9000),
      describeRange(120, 121),
    ]).to.deep.equal(['at most 5 s', '20 to 35 s', '1 to 3 min', '0.5 to 2.5 h', '2 to 3 min'])
  })
})
