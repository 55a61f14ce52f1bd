import { expect } from 'chai'
import { SwarmproofError } from '../lib/error.ts'
import { faultSequence } from '../lib/fault/fault-sequence.ts'
import { names, seed, Stage, steps } from './random-faults.fake.ts'

const sequence = faultSequence(seed, steps, names)

const fails = (error: Error) => (): never => {
  throw error
}

describe('faults at random', () => {
  const firstOf = (action: 'plant' | 'remove', fault: string): number =>
    sequence.find((one) => one.action === action && one.fault === fault)?.step ?? -1
  const [{ fault: first } = { fault: '' }] = sequence
  const quietAt = sequence.filter(({ standing }) => standing.length === 0).map(({ step }) => step)

  it('go through the sequence of the seed and hold on a sound lab', async () => {
    const stage = new Stage()
    const result = await stage.run()
    expect(stage.done).to.deep.equal(sequence.map(({ action, fault }) => `${action} ${fault}`))
    expect(result.broken).to.equal(undefined)
    expect(result.invariants.map(({ held }) => held)).to.deep.equal([true, true, true, true, true])
    expect(result.taken.map(({ step, fault }) => [step, fault])).to.deep.equal(
      sequence.map(({ step, fault }) => [step, fault]),
    )
    // While something stood the client was not answered, and that is counted, not judged.
    expect(result.taken.some(({ client }) => client.some(({ refused }) => refused > 0))).to.equal(true)
  })

  it('break at the step after which a rule was left', async () => {
    const stage = new Stage()
    stage.removes.set(first, () => stage.left.push('a rule that was left'))
    const result = await stage.run()
    const seen = quietAt.find((step) => step >= firstOf('remove', first))
    expect(result.broken).to.deep.equal({
      ...{ step: seen, what: 'kernels hold what they held before: new: a rule that was left' },
    })
    expect(result.taken).to.have.lengthOf(seen ?? 0)
    expect(seen).to.be.below(sequence.length)
    expect(stage.planted.size).to.equal(0)
  })

  it('break where the client is not answered again, with the way that is not', async () => {
    const stage = new Stage()
    stage.answers = () => !stage.done.some((one) => one.startsWith('remove'))
    const { broken, invariants } = await stage.run()
    expect(broken?.step).to.equal(quietAt[0])
    expect(broken?.what)
      .to.contain('the client is answered 5 times in a row on every way: not within 0.04 s')
      .and.contain('the mesh: 0 of')
    expect(invariants.filter(({ held }) => !held).map(({ what }) => what)).to.deep.equal([
      'the client is answered on every way within 0.04 s',
    ])
  })

  it('break before the first step where the client is not answered to begin with', async () => {
    const stage = new Stage()
    stage.answers = () => false
    const { broken, taken } = await stage.run()
    expect(broken?.step).to.equal(0)
    expect(taken).to.deep.equal([])
  })

  it('break where a fault cannot be planted, and remove what stands', async () => {
    for (const { fault } of sequence.filter(
      ({ action, standing }) => action === 'plant' && standing.length > 1,
    )) {
      const stage = new Stage()
      stage.plants.set(fault, fails(new Error('no such chain\nat line 1')))
      const { broken } = await stage.run()
      expect(broken?.what).to.equal(`plant ${fault}: no such chain; at line 1`)
      expect(broken?.step).to.equal(firstOf('plant', fault))
      expect(stage.planted.size).to.equal(0)
    }
  })

  it('go on where the lab lacks what a fault needs', async () => {
    const stage = new Stage()
    stage.plants.set(
      first,
      fails(new SwarmproofError({ code: 'FAULT_IMPOSSIBLE', what: 'the lab lacks a task' })),
    )
    const { broken, taken } = await stage.run()
    expect(broken).to.equal(undefined)
    expect(taken.filter(({ outcome }) => outcome === 'impossible here').map(({ fault }) => fault)).to.include(
      first,
    )
    expect(stage.done).not.to.include(`remove ${first}`)
  })

  it('break where something planted cannot be removed, and say what', async () => {
    const stage = new Stage()
    stage.removes.set(first, fails(new Error('device is busy')))
    const { broken, invariants } = await stage.run()
    expect(broken).to.deep.equal({
      ...{ step: firstOf('remove', first), what: `remove ${first}: device is busy` },
    })
    expect(invariants[0]).to.deep.equal({
      ...{ what: 'everything planted was removed', held: false, observed: `${first}: device is busy` },
    })
  })

  it('break where the lab changed, where quick fails, and where the client stops asking', async () => {
    const changed = new Stage()
    changed.changes = ['container swp-web.1.abc is gone from worker2']
    expect((await changed.run()).broken?.what).to.equal(
      'the lab is as before: container swp-web.1.abc is gone from worker2',
    )
    const failing = new Stage()
    failing.failing = ['ING-01 fail: no answer']
    expect((await failing.run()).broken).to.deep.equal({
      ...{ step: sequence.length, what: 'quick passes: ING-01 fail: no answer' },
    })
    const stopped = new Stage()
    const { counts } = stopped
    stopped.counts = () =>
      stopped.done.length > 2 ? fails(new Error('it ended with exit code 1'))() : counts()
    expect((await stopped.run()).broken?.what).to.equal('it ended with exit code 1')
  })

  it('remove everything when they are interrupted, and break nothing by that', async () => {
    const stage = new Stage()
    const result = await stage.run({
      onStep: ({ standing }) => {
        if (standing.length > 1) stage.signal.abort()
      },
    })
    expect(stage.planted.size).to.equal(0)
    expect(result.broken).to.equal(undefined)
    expect(result.taken.at(-1)?.standing).to.have.lengthOf.above(1)
    expect(result.invariants.map(({ what }) => what)).to.deep.equal(['everything planted was removed'])
  })

  it('say what an interruption kept from being removed, unless the lab goes anyway', async () => {
    const interrupted = async (disposed: boolean): Promise<string | undefined> => {
      const stage = new Stage()
      for (const name of names) stage.removes.set(name, fails(new Error('the connection is closed')))
      const { broken } = await stage.run({ disposed, onStep: () => stage.signal.abort() })
      return broken?.what
    }
    expect(await interrupted(false)).to.equal(
      `everything planted was removed: ${first}: the connection is closed`,
    )
    expect(await interrupted(true)).to.equal(undefined)
  })

  it('break nothing by what an interruption cuts short', async () => {
    const stage = new Stage()
    stage.answers = () => false
    const running = stage.run({ answeredWithinMs: 60_000 })
    setTimeout(() => stage.signal.abort(), 20)
    const { broken, taken } = await running
    expect({ broken, taken }).to.deep.equal({ broken: undefined, taken: [] })
    const late = new Stage()
    const verify = (): Promise<readonly string[]> => {
      late.signal.abort()
      return Promise.resolve(['CTL-03 not reached'])
    }
    const ended = await late.run({ verify })
    expect(ended.broken).to.equal(undefined)
    expect(ended.invariants.map(({ what }) => what)).to.not.include('quick passes')
  })
})
