import { expect } from 'chai'
import { procAfter } from '../observe/recorded/proc-after.fake.ts'
import type { Clock } from '../poll.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { Pace } from './pace.ts'
import type { StoredSlowedDown } from './run-record-schema.ts'

describe('the pace of a run', () => {
  let now: number
  let notes: string[]
  let slowedDown: StoredSlowedDown | undefined
  let looks: number
  /** Of what worker1 asks for, the share that it gets; what it takes to answer; in per cent, how long tasks wait. */
  let worker: { granted: number; answersMs: number; waiting: number }
  /** Called at each look. */
  let onLook: () => void
  let pace: Pace
  const good = { granted: 0.8, answersMs: 200, waiting: 60 }
  const starved = { granted: 0.3, answersMs: 900, waiting: 60 }

  beforeEach(() => {
    now = 0
    notes = []
    slowedDown = undefined
    looks = 0
    worker = good
    onLook = () => undefined
    const clock: Clock = { now: () => now, sleep: async (ms) => void (now += ms) }
    let [busy, idle, at] = [0, 0, 0]
    const remote = new FakeRemote('worker1').answer('grep', () => {
      looks += 1
      onLook()
      now += worker.answersMs
      const asked = ((now - at) / 1000) * 0.7
      idle += ((now - at) / 1000) * 0.3
      busy += asked * worker.granted
      at = now
      return procAfter({ seconds: now / 1000, busy, idle, waiting: worker.waiting })
    })
    const manager = new FakeRemote('manager').answer('grep', () =>
      procAfter({ seconds: now / 1000, busy: 0, idle: now / 1000, waiting: 3 }),
    )
    pace = new Pace({
      hosts: () => [
        { name: 'manager', remote: manager },
        { name: 'worker1', remote },
      ],
      ...{ clock, signal: new AbortController().signal },
      progress: { ...silentProgress, note: (text) => void notes.push(text) },
      onWaited: (all) => void (slowedDown = all),
    })
  })

  /** As many requirements, each of so many seconds. */
  async function verify(requirements: number, seconds: number): Promise<void> {
    for (let done = 0; done < requirements; done += 1) {
      await pace.before([])
      now += seconds * 1000
    }
  }

  it('waits for nothing on a lab as loaded as good ones are, and looks once in 20 s', async () => {
    await verify(100, 3)
    expect([notes, slowedDown, pace.oneAtATime]).to.deep.equal([[], undefined, false])
    expect(looks).to.be.within(14, 17)
  })

  it('takes one bad look for nothing', async () => {
    await verify(2, 30)
    onLook = () => (worker = looks === 4 ? good : worker)
    worker = starved
    await verify(1, 30)
    expect(looks).to.equal(4)
    expect([notes, slowedDown, pace.oneAtATime]).to.deep.equal([[], undefined, false])
  })

  it('waits until starved hosts are calm, says so once, and then goes on as before', async () => {
    await verify(2, 30)
    worker = starved
    onLook = () => (worker = now > 100_000 ? good : worker)
    await verify(1, 30)
    expect(pace.oneAtATime).to.equal(false)
    const [wait, ...others] = slowedDown?.waits ?? []
    expect(others).to.deep.equal([])
    expect(wait).to.deep.include({ calm: true })
    expect(wait?.durationMs).to.be.within(30_000, 50_000).and.equal(slowedDown?.waitedMs)
    expect(wait?.hosts).to.have.lengthOf(1)
    expect(wait?.hosts[0]).to.deep.include({ node: 'worker1', deniedShare: 0.7, load: 0.15, processors: 1 })
    worker = starved
    onLook = () => undefined
    await verify(1, 30)
    expect(notes).to.have.lengthOf(1)
    expect(notes[0]).to.match(
      /^The hosts are starved: worker1 \(denied 7\d % of the processor time it asked for/,
    )
    expect(slowedDown?.waits).to.have.lengthOf(2)
  })

  it('goes on with hosts that stay starved, one requirement at a time, when its bounds come', async () => {
    await verify(2, 30)
    worker = starved
    await verify(1, 30)
    expect(slowedDown?.waits[0]).to.deep.include({ calm: false })
    expect(slowedDown?.waitedMs).to.be.within(60_000, 67_000)
    expect(pace.oneAtATime).to.equal(true)
    await verify(30, 30)
    expect(slowedDown?.waitedMs).to.be.within(300_000, 307_000)
    expect([pace.oneAtATime, notes.length]).to.deep.equal([true, 1])
  })

  it('takes late answers for starvation only where the host was denied much of what it asked for, too', async () => {
    await verify(2, 30)
    worker = { granted: 0.9, answersMs: 3000, waiting: 80 }
    await verify(2, 30)
    expect(slowedDown).to.equal(undefined)
    worker = { granted: 0.57, answersMs: 3000, waiting: 80 }
    await verify(2, 30)
    expect(slowedDown?.waits[0]?.hosts[0]).to.deep.include({ answeredMs: 3000, bestMs: 200 })
  })

  it('never looks while something is under way that must have quiet, and waits for nothing beside others', async () => {
    expect(pace.before([{ quiet: ['tasks'] }])).to.equal(undefined)
    expect(looks).to.equal(0)
    await verify(1, 30)
    worker = starved
    await pace.before([{ quiet: [] }])
    expect([pace.oneAtATime, slowedDown]).to.deep.equal([true, undefined])
  })

  it('knows whether hosts were starved since a mark, by all of that time or by two looks', async () => {
    await verify(1, 0)
    const mark = pace.mark()
    now += 60_000
    expect(await pace.starvedSince(mark)).to.deep.equal([])
    worker = starved
    now += 120_000
    const before = looks
    expect((await pace.starvedSince(mark)).map(({ node }) => node)).to.deep.equal(['worker1'])
    expect(looks).to.equal(before + 1)
    const short = pace.mark()
    worker = { granted: 0.9, answersMs: 3000, waiting: 80 }
    now += 60_000
    onLook = () => (worker = looks === before + 3 ? good : worker)
    expect(await pace.starvedSince(short)).to.deep.equal([])
  })

  it('counts once what two wait for at the same time', async () => {
    await verify(2, 30)
    worker = starved
    onLook = () => (worker = now > 130_000 ? good : worker)
    now += 30_000
    const from = now
    await Promise.all([pace.calm(), pace.calm()])
    expect(slowedDown?.waits).to.have.lengthOf(1)
    expect(slowedDown?.waitedMs)
      .to.be.above(0)
      .and.at.most(now - from)
  })

  it('knows nothing of hosts that do not answer, asks them seldom, and holds nothing up for them', async () => {
    let asked = 0
    const remote = new FakeRemote('gone').answer('grep', () => {
      asked += 1
      throw new Error('no answer')
    })
    const silent = new Pace({
      hosts: () => [{ name: 'gone', remote }],
      ...{ progress: silentProgress, signal: new AbortController().signal },
      clock: { now: () => now, sleep: async (ms) => void (now += ms) },
      onWaited: () => expect.fail('waited'),
    })
    await silent.before([])
    expect(await silent.starvedSince(silent.mark())).to.deep.equal([])
    expect(await silent.calm()).to.equal(true)
    for (let looks = 0; looks < 12; looks += 1) {
      now += 20_000
      await silent.before([])
    }
    expect(asked, 'in four minutes').to.be.within(2, 3)
  })
})
