import { expect } from 'chai'
import { exampleMonth, nights } from '../fixtures/example-history.fake.ts'
import type { Night } from '../fixtures/example-history.fake.ts'
import { changesOf, comparable } from './changes.ts'
import type { Changes } from './changes.ts'
import { changeLines } from './wording.ts'

const broken: Night = { verdicts: { 'ENC-01': 'fail' } }

function changes(...all: Night[]): Changes {
  const entries = nights(all)
  return changesOf(comparable(entries, entries.at(-1) as (typeof entries)[number])) as Changes
}

const ids = (all: readonly { readonly id: string }[]): string[] => all.map(({ id }) => id)

const lines = (found: Changes): string[] => changeLines(found).map(({ label, text }) => `${label}: ${text}`)

describe('changes from run to run', () => {
  it('are none in the first run, whatever failed', () => {
    expect(changes(broken).newFailures).to.deep.equal([])
    expect(changeLines(changes(broken))).to.deep.equal([])
  })

  it('tell a new failure from one that goes on, and say since when', () => {
    expect(ids(changes({}, broken).newFailures)).to.deep.equal(['ENC-01'])
    const still = changes({}, {}, broken, {}, broken, broken, broken)
    expect(still.newFailures).to.deep.equal([])
    expect(still.stillFailing[0]).to.include({ id: 'ENC-01', runs: 3 })
    expect(still.stillFailing[0]?.since.runId).to.equal('night-4')
    expect(lines(still)).to.include('Still failing: ENC-01, since 2001-01-09 (3 runs)')
  })

  it('look past runs that could not know', () => {
    const inconclusive: Night = { verdicts: { 'ENC-01': 'inconclusive' } }
    const killed: Night = { state: 'harness-failed' }
    expect(changes(broken, inconclusive, killed, broken).newFailures).to.deep.equal([])
    const found = changes({}, inconclusive, killed, broken)
    expect(ids(found.newFailures)).to.deep.equal(['ENC-01'])
    expect(found.newFailures[0]?.lastPassed?.runId).to.equal('night-0')
    expect(lines(found)).to.include('New since yesterday: ENC-01, last passed on 2001-01-05')
  })

  it('say what is fixed, and what is no longer known', () => {
    const found = changes(
      { verdicts: { 'ENC-01': 'fail', 'OVL-03': 'fail' } },
      { verdicts: { 'OVL-03': 'inconclusive' } },
    )
    expect(ids(found.fixed)).to.deep.equal(['ENC-01'])
    expect(ids(found.unknown)).to.deep.equal(['OVL-03'])
    expect(changes({}, { state: 'harness-failed' }).unknown).to.have.length.above(20)
  })

  it('count a requirement that never passed before as new', () => {
    const found = changes({ verdicts: { 'ENC-01': 'skip' } }, broken)
    expect(lines(found)).to.include('New since yesterday: ENC-01, never seen to pass')
  })

  it('call flaky what goes to and fro with nothing changed, not what was broken and fixed', () => {
    expect(ids(changes({}, broken, {}).flaky)).to.deep.equal(['ENC-01'])
    expect(changes({}, broken).flaky).to.deep.equal([])
    const fixed = changes(
      { commit: 'a' },
      { ...broken, commit: 'b' },
      { ...broken, commit: 'b' },
      { commit: 'c' },
    )
    expect(fixed.flaky).to.deep.equal([])
    const upgraded = changes({ engine: '26.1.5' }, { ...broken, engine: '26.1.6' }, { engine: '26.1.5' })
    expect(upgraded.flaky).to.deep.equal([])
    const longAgo = changes({}, broken, {}, ...Array.from({ length: 10 }, () => ({})))
    expect(longAgo.flaky).to.deep.equal([])
  })

  it('say what else changed', () => {
    const found = changes({ engine: '26.1.5' }, { engine: '26.1.6' })
    expect(lines(found)).to.deep.equal(['No change: since yesterday', 'Also changed: Docker 26.1.5 → 26.1.6'])
  })

  it('compare like with like: one series, one origin', () => {
    const shards = changes({ series: 'shard 1/2' }, { ...broken, series: 'shard 2/2' })
    expect(shards.previous).to.equal(undefined)
    const [first, second] = nights([{}, broken])
    if (first === undefined || second === undefined) throw new Error('two nights')
    const containers = { ...first, labs: first.labs.map((lab) => ({ ...lab, origin: 'container' as const })) }
    expect(comparable([containers, second], second)).to.deep.equal([second])
    const dead = {
      ...first,
      labs: first.labs.map(({ name, engines, kernels }) => ({ name, engines, kernels })),
    }
    expect(comparable([dead, second], second)).to.deep.equal([dead, second])
  })

  it('of a month fit a few lines', () => {
    const month = exampleMonth()
    const found = changesOf(comparable(month, month.at(-1) as (typeof month)[number]))
    expect(found === undefined ? [] : lines(found)).to.deep.equal([
      'New since yesterday: ENC-01',
      'Still failing: ING-02, since 2001-01-31 (4 runs)',
      'Flaky: LB-02, changed 4 times in 10 runs',
    ])
  })
})
