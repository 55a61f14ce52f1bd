import { expect } from 'chai'
import { type ClusterFacts, pairsOf, tasksIn, type TaskFacts } from '../../lib/observation/facts.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { esp, type OnWire, vxlan, withSecret, type Word, wiresOf } from '../wires.fake.ts'
import { onlyEsp } from './enc-01-only-esp.ts'
import { clearTwin } from './enc-02-clear-twin.ts'
import { sequence } from './enc-04-sequence.ts'
import { failsClosed } from './enc-08-fails-closed.ts'
import { encryptedIngress } from './enc-09-encrypted-ingress.ts'
import { engineMark } from '../../lib/change/outbound-policies.ts'

const facts = withSecret()
const [one, two] = tasksIn(facts, 'secret') as [TaskFacts, TaskFacts]
const web = tasksIn(facts, 'clear').filter(({ service }) => service === 'swp-web') as [TaskFacts, TaskFacts]
const twin = (word: Word = 'clear'): OnWire[] =>
  pairsOf(web).map(([from, to]) => vxlan(facts, from, to, { word }))
const encrypted = [esp(facts, 'worker1', 'worker2'), esp(facts, 'worker2', 'worker1', { spi: 0x201 })]
const sound = [...twin(), ...encrypted]
const leak = vxlan(facts, one, two, { network: 'secret', source: '192.0.2.99', word: 'secret' })

const seen = (sent: readonly OnWire[]) => ({ exchange: { wires: wiresOf(facts, sent), exchanged: [] } })
const found = ({ problems }: Judgement): string[] =>
  problems.map(({ code, node, path }) =>
    [code, node, path?.from, path?.to].filter((word) => word !== undefined).join(' '),
  )

describe('judging that only ESP leaves', () => {
  it('passes ESP beside VXLAN of the clear twin', () => {
    expect(outcomeOf(judge(onlyEsp, seen(sound), facts))).to.equal('pass')
  })

  it('sees a leak whatever its outer source address is', () => {
    const judged = judge(onlyEsp, seen([...sound, leak]), facts)
    expect(outcomeOf(judged)).to.equal('fail')
    expect(found(judged)).to.deep.equal(['clear-text-left worker1 worker2', 'payload-readable worker1'])
  })

  it('judges a leak before a control that is missing', () => {
    const judged = judge(onlyEsp, seen([...encrypted, leak]), facts)
    expect(judged.controls.map(({ held }) => held)).to.deep.equal([false, false])
    expect(outcomeOf(judged)).to.equal('fail')
  })

  it('proves nothing without the clear twin, also where no ESP left', () => {
    expect(outcomeOf(judge(onlyEsp, seen(encrypted), facts))).to.equal('inconclusive')
    expect(outcomeOf(judge(onlyEsp, seen([]), facts))).to.equal('inconclusive')
    expect(found(judge(onlyEsp, seen(twin()), facts))).to.deep.equal([
      'no-esp-left worker1 worker2',
      'no-esp-left worker2 worker1',
    ])
  })
})

describe('judging the clear twin', () => {
  it('passes where it is seen as VXLAN, from whichever outer source', () => {
    expect(outcomeOf(judge(clearTwin, seen(sound), facts))).to.equal('pass')
    const other = pairsOf(web).map(([from, to]) => vxlan(facts, from, to, { source: '192.0.2.99' }))
    expect(outcomeOf(judge(clearTwin, seen([...other, ...encrypted]), facts))).to.equal('pass')
  })

  it('says where only ESP left in its place, and where nothing did', () => {
    expect(found(judge(clearTwin, seen([...twin().slice(1), ...encrypted]), facts))).to.deep.equal([
      'twin-not-clear worker1 worker1 worker2',
    ])
    expect(found(judge(clearTwin, seen(twin().slice(1)), facts))).to.deep.equal([
      'not-encapsulated worker1 worker1 worker2',
    ])
  })
})

describe('judging SPIs and sequence numbers', () => {
  const association = (source: string, destination: string, spi: string) => ({
    ...{ source, destination, spi, requestId: engineMark, mode: 'transport' },
  })
  const [a, b] = ['192.168.56.12', '192.168.56.13'] as const
  const known = [association(a, b, '0x00000101'), association(b, a, '0x00000201')]
  const state = (securityAssociations: readonly object[]) => ({ unavailable: [], securityAssociations })
  const judged = (sent: readonly OnWire[], atReceiver: readonly object[] = known): Judgement =>
    judge(sequence, { ...seen(sent), kernel: { worker1: state(known), worker2: state(atReceiver) } }, facts)

  it('passes known SPIs with rising numbers', () => {
    const more = esp(facts, 'worker1', 'worker2', { sequence: 2 })
    expect(outcomeOf(judged([...encrypted, more]))).to.equal('pass')
  })

  it('sees a number twice, and an SPI that the receiver does not know', () => {
    expect(found(judged([...encrypted, esp(facts, 'worker1', 'worker2')]))).to.deep.equal([
      'sequence-repeated worker1 worker1 worker2',
    ])
    expect(found(judged(encrypted, known.slice(1)))).to.deep.equal([
      'spi-unknown-to-peer worker2 worker1 worker2',
    ])
  })

  it('misses ESP of a pair', () => {
    expect(found(judged(encrypted.slice(1)))).to.deep.equal(['no-esp-left worker1 worker2'])
  })
})

describe('judging a node without outbound policies', () => {
  const judged = (sent: readonly OnWire[], undone: object | null = null): Judgement => {
    const { worker1 } = wiresOf(facts, sent)
    return judge(failsClosed, { node: 'worker1', wires: { worker1 }, undone }, facts)
  }

  it('passes where only the clear twin left', () => {
    expect(outcomeOf(judged(twin().slice(0, 1)))).to.equal('pass')
    expect(outcomeOf(judged([]))).to.equal('inconclusive')
  })

  it('fails for what left in clear, also without a control or where it could not be put back', () => {
    const threw = { name: 'SwarmproofError', code: 'CHANGE_FAILED', message: 'could not be undone' }
    expect(outcomeOf(judged([leak], threw))).to.equal('fail')
  })

  it('keeps its verdict where the policies could not be put back, not where they were back too early', () => {
    const threw = { name: 'SwarmproofError', message: 'too early or too late' }
    const sent = twin().slice(0, 1)
    expect(outcomeOf(judged(sent, { ...threw, code: 'CHANGE_FAILED' }))).to.equal('pass')
    expect(outcomeOf(judged(sent, { ...threw, code: 'CHANGE_UNDONE' }))).to.equal('inconclusive')
  })
})

describe('judging encrypted ingress', () => {
  const { ingress } = facts.networks
  if (ingress === undefined) throw new Error('the facts have an ingress')
  const built = { ...facts.built, firstIngress: { encrypted: false } }
  const withIngress: ClusterFacts = {
    ...{ ...facts, built },
    networks: { ...facts.networks, ingress: { ...ingress, encrypted: true } },
  }
  const mesh = (replies: readonly string[]) => [
    { what: 'mesh', node: 'worker1', probe: { outcome: 'answered', replies } },
  ]
  const judged = (sent: readonly OnWire[], replies = ['web-worker2'], given = withIngress): Judgement =>
    judge(encryptedIngress, { asked: mesh(replies), wires: outOnly(sent) }, given)
  /** Recorded is what leaves alone. */
  const outOnly = (sent: readonly OnWire[]) =>
    Object.fromEntries(
      Object.entries(wiresOf(facts, sent)).map(([node, { got }]) => [
        node,
        { got: { ...got, frames: got.frames.filter(({ egress }) => egress) } },
      ]),
    )

  it('passes ESP both ways where a task of another node answered', () => {
    expect(outcomeOf(judged(sound))).to.equal('pass')
  })

  it('sees VXLAN of ingress, also from another outer source', () => {
    const clear = vxlan(facts, web[0], web[1], { vni: ingress.vni, source: '192.0.2.99' })
    expect(found(judged([...sound, clear]))).to.deep.equal(['clear-text-left worker1 worker2'])
  })

  it('misses ESP of the way a request took, and of its answer', () => {
    expect(found(judged(twin()))).to.deep.equal([
      'no-esp-left worker1 worker2',
      'no-esp-left worker2 worker1',
    ])
  })

  it('proves nothing where no request crossed hosts, or it is not known how ingress was made', () => {
    expect(outcomeOf(judged(sound, ['web-worker1']))).to.equal('inconclusive')
    expect(outcomeOf(judged(sound, undefined, { ...withIngress, built: facts.built }))).to.equal(
      'inconclusive',
    )
  })

  it('fails where it was encrypted to begin with, or is not now', () => {
    const encryptedFirst = { ...withIngress, built: { ...built, firstIngress: { encrypted: true } } }
    expect(found(judged(sound, undefined, encryptedFirst))).to.deep.equal(['ingress-encrypted-by-default'])
    expect(found(judged(sound, undefined, { ...withIngress, networks: facts.networks }))).to.deep.equal([
      'ingress-not-encrypted manager',
    ])
  })
})
