import { expect } from 'chai'
import { pairsOf } from '../../lib/observation/facts.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import type { Burst, Bursts } from '../scene/recordings/bursts.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { nothingLost } from './ovl-19-nothing-lost.ts'
import { onceInOrder } from './ovl-20-once-in-order.ts'

/** On a lab whose three machines shared two busy processors: it was late, and nothing was lost. */
const busyHost = { idleShare: 0.203, stolenShare: 0, longestDelayMs: 580.98, overflows: 0 }
const roundTripMs = { shortest: 4.37, median: 33.72, ninetyFifth: 201.25, longest: 400.12 }
const whole = {
  sent: 200,
  refused: 0,
  received: 200,
  distinct: 200,
  overtaken: 0,
  answered: 200,
  roundTripMs,
}
const names = ['manager', 'worker1', 'worker2']
const all: Burst[] = (['clear', 'secret', 'underlay'] as const).flatMap((way) =>
  pairsOf(names).map(([from, to]) => ({ way, from, to, ...whole })),
)

type Change = (burst: Burst) => Partial<Burst>

const seen = (change: Change = () => ({}), host: object = {}): { bursts: Bursts } => ({
  bursts: {
    load: { datagrams: 200, perSecond: 50, payloadBytes: 100 },
    bursts: all.map((burst) => ({ ...burst, ...change(burst) })),
    hosts: Object.fromEntries(names.map((name) => [name, { ...busyHost, ...host }])),
    leftOut: [],
  },
})
const onlyFrom =
  (node: string, part: Partial<Burst>, ways: readonly string[] = ['clear', 'secret']): Change =>
  ({ from, way }) =>
    from === node && ways.includes(way) ? part : {}
const codes = ({ problems }: Judgement): string[] =>
  problems.map(
    ({ code, path, network, observed }) => `${code} ${path?.from} ${path?.to} ${network} ${observed}`,
  )

describe('judging bursts', () => {
  it('passes where all arrived, however late the nodes were', () => {
    for (const test of [nothingLost, onceInOrder]) {
      expect(outcomeOf(judge(test, seen()))).to.equal('pass')
      expect(outcomeOf(judge(test, seen(undefined, { idleShare: 0, longestDelayMs: 9_000 })))).to.equal(
        'pass',
      )
    }
    expect(judge(nothingLost, seen()).conclusion).to.equal(
      'all of 2400 datagrams arrived, 200 at 50 a second on each of 12 ways',
    )
  })

  it('fails for one datagram of 200 on a lab, on overlays alone', () => {
    const lossy = seen(onlyFrom('worker2', { distinct: 199, received: 199 }, ['secret']))
    const judged = judge(nothingLost, lossy)
    expect(outcomeOf(judged)).to.equal('fail')
    expect(codes(judged)).to.deep.equal([
      'datagrams-lost worker2 manager swp-secret 199',
      'datagrams-lost worker2 worker1 swp-secret 199',
    ])
    // Hosts may answer echoes at a rate of their own.
    const limited = seen(onlyFrom('worker2', { distinct: 20, answered: 20 }, ['underlay']))
    expect(outcomeOf(judge(nothingLost, limited))).to.equal('pass')
  })

  it('decides nothing where datagrams were lost and a node was not idle', () => {
    for (const host of [
      { idleShare: 0.09 },
      { stolenShare: 0.11 },
      { longestDelayMs: 1001 },
      { overflows: 1 },
    ]) {
      const judged = judge(nothingLost, seen(onlyFrom('worker1', { distinct: 150 }), host))
      expect(outcomeOf(judged), JSON.stringify(host)).to.equal('inconclusive')
    }
  })

  it('leaves existing hosts to the advisory requirement', () => {
    const facts = threeNodes({ owned: false })
    const lossy = seen(onlyFrom('worker1', { sent: 20, distinct: 19, received: 19 }))
    expect(outcomeOf(judge(nothingLost, lossy, facts))).to.equal('skip')
    expect(outcomeOf(judge(onceInOrder, lossy, facts))).to.equal('fail')
    expect(outcomeOf(judge(onceInOrder, lossy))).to.equal('pass')
  })

  it('sees second copies, and more than one in a hundred overtaken', () => {
    const doubled = judge(onceInOrder, seen(onlyFrom('manager', { received: 201 }, ['clear'])))
    expect(outcomeOf(doubled)).to.equal('fail')
    expect(codes(doubled)).to.deep.equal([
      'datagrams-doubled manager worker1 swp-clear 1',
      'datagrams-doubled manager worker2 swp-clear 1',
    ])
    const overtaken = (count: number): Judgement =>
      judge(onceInOrder, seen(onlyFrom('manager', { overtaken: count }, ['clear'])))
    expect(outcomeOf(overtaken(2))).to.equal('pass')
    expect(codes(overtaken(3))).to.include('datagrams-overtaken manager worker1 swp-clear 3')
  })

  it('states figures of each way, and none of hosts that answer no echoes', () => {
    const { measures } = judge(
      onceInOrder,
      seen(onlyFrom('worker1', { distinct: 190, received: 190 }, ['clear'])),
    )
    const value = (name: string): number | undefined => measures.find((one) => one.name === name)?.value
    expect(value('lost, swp-clear')).to.equal(5)
    expect(value('lost, swp-secret')).to.equal(0)
    expect(value('round trip, median, from host to host')).to.equal(33.72)
    const silent = seen(({ way }) => (way === 'underlay' ? { received: 0, distinct: 0, answered: 0 } : {}))
    const named = judge(onceInOrder, silent).measures.map(({ name }) => name)
    expect(named.filter((name) => name.includes('host to host'))).to.deep.equal([])
  })

  it('concludes nothing of nothing', () => {
    const nothing = { bursts: { ...seen().bursts, bursts: [] } }
    for (const test of [nothingLost, onceInOrder])
      expect(outcomeOf(judge(test, nothing))).to.equal('inconclusive')
  })
})
