import { expect } from 'chai'
import type { Finding } from '../../observation/finding.ts'
import type { Problem } from '../../observation/problem.ts'
import { lossyLink } from './lossy-link.ts'
import { found, pairs } from './measures.fake.ts'

type Pair = (typeof pairs)[number]

/** So many of 200 arrived. */
interface Loss {
  readonly overlay: (pair: Pair) => number
  readonly underlay: (pair: Pair) => number
}

const lostOf = ({ overlay }: Loss): Problem[] =>
  pairs
    .filter((pair) => overlay(pair) < 200)
    .map((pair) => ({
      ...{ code: 'datagrams-lost', kind: 'missed', path: pair, network: 'swp-clear', protocol: 'UDP' },
      ...{ expected: 200, observed: overlay(pair) },
    }))
const burst = (way: string, pair: Pair, distinct: number) => ({
  ...{ way, ...pair, sent: 200, refused: 0, received: distinct, distinct, overtaken: 0, answered: distinct },
})
const scene = ({ overlay, underlay }: Loss) => ({
  bursts: {
    bursts: pairs.flatMap((pair) => [
      burst('clear', pair, overlay(pair)),
      burst('underlay', pair, underlay(pair)),
    ]),
  },
})
const first = (loss: Loss): Finding | undefined =>
  found([lossyLink], { problems: { 'OVL-19': lostOf(loss) }, scenes: scene(loss) }).findings[0]
const from = (node: string, count: number) => (pair: Pair) => (pair.from === node ? count : 200)
const to = (node: string, count: number) => (pair: Pair) => (pair.to === node ? count : 200)
const all = (): number => 200

describe('a lossy link', () => {
  it('is told by whose packets are lost, and as beneath where echoes of the hosts are, too', () => {
    const finding = first({ overlay: from('worker2', 190), underlay: from('worker2', 188) })
    expect(finding?.title).to.equal('5 % of the packets that worker2 sends are lost on the way')
    expect(finding).to.deep.include({ nodes: ['worker2'], explains: ['OVL-19'], severity: 'cause' })
    expect(finding?.cause).to.contain('lost on the same pairs (24 of 400), so it is the link beneath')
    expect(finding?.remedy[0]).to.contain('On worker2: `tc -s qdisc show dev eth1`')
    expect(first({ overlay: to('worker1', 160), underlay: to('worker1', 150) })?.title).to.equal(
      '20 % of the packets that worker1 should receive are lost on the way',
    )
  })

  it('is VXLAN alone where the hosts lost nothing beside it, if some would have been', () => {
    const finding = first({ overlay: to('worker1', 150), underlay: all })
    expect(finding?.title).to.match(/worker1 should receive are lost in VXLAN, and none from host to host$/)
    expect(finding?.remedy.join()).to.contain('grep -e limit')
    const few = first({ overlay: to('worker1', 199), underlay: all })
    expect(few?.cause).to.match(/^Whether packets from host to host are lost as well could not be told/)
    const silent = first({ overlay: to('worker1', 150), underlay: () => 0 })
    expect(silent?.cause).to.match(/could not be told/)
  })

  it('is VXLAN alone by what a lab counted where a filter dropped one in twenty to UDP 4789, not in ESP', () => {
    const to =
      ([manager, worker2]: readonly [number, number]) =>
      (pair: Pair) =>
        pair.to !== 'worker1' ? 200 : pair.from === 'manager' ? manager : worker2
    const loss = { overlay: to([191, 190]), underlay: all }
    const scenes = scene(loss)
    const encrypted = pairs.map((pair) => burst('secret', pair, 200))
    const { findings } = found([lossyLink], {
      problems: { 'OVL-19': lostOf(loss) },
      scenes: { bursts: { bursts: [...scenes.bursts.bursts, ...encrypted] } },
    })
    expect(findings[0]?.title).to.equal(
      '4.8 % of the packets that worker1 should receive are lost in VXLAN, and none from host to host',
    )
    expect(findings[0]?.networks).to.deep.equal(['swp-clear'])
  })

  it('explains no pair that is silent for all protocols, nor another network where the hosts lost nothing', () => {
    const loss = { overlay: from('worker2', 190), underlay: all }
    const probe = (protocol: string, network: string): Problem => ({
      ...{ code: 'not-delivered', kind: 'missed', protocol, network },
      ...{ path: { from: 'worker2', to: 'manager' }, ends: { from: 'rr@worker2', to: 'rr@manager' } },
    })
    const leftOf = (...probes: readonly Problem[]): number =>
      found([lossyLink], {
        problems: { 'OVL-19': lostOf(loss), 'OVL-03': probes },
        scenes: scene(loss),
      }).left.length
    expect(leftOf(probe('UDP', 'swp-clear'), probe('ICMP', 'swp-clear'))).to.equal(0)
    expect(leftOf(...['ICMP', 'UDP', 'TCP'].map((one) => probe(one, 'swp-clear')))).to.equal(3)
    expect(leftOf(probe('UDP', 'swp-secret'))).to.equal(1)
  })

  it('explains single probes on its pairs, answers included, and nothing else', () => {
    const loss = { overlay: from('worker2', 190), underlay: all }
    const probe = (path: Pair): Problem => ({ code: 'not-delivered', kind: 'missed', path, protocol: 'UDP' })
    const { left } = found([lossyLink], {
      problems: {
        'OVL-19': lostOf(loss),
        'OVL-03': [probe({ from: 'manager', to: 'worker2' })],
        'OVL-08': [probe({ from: 'manager', to: 'worker1' })],
        'CTL-03': [{ code: 'gossip-unanswered', kind: 'missed', path: { from: 'worker2', to: 'manager' } }],
      },
      scenes: scene(loss),
    })
    expect(left).to.deep.equal(['OVL-08 not-delivered', 'CTL-03 gossip-unanswered'])
  })

  it('is none where nothing arrived, where nodes were busy, and without bursts', () => {
    const blocked = { overlay: from('worker2', 0), underlay: from('worker2', 0) }
    expect(first(blocked)).to.equal(undefined)
    const loss = { overlay: from('worker2', 190), underlay: all }
    const problems = { 'OVL-19': lostOf(loss) }
    const busy = { problems, scenes: scene(loss), controls: [{ name: 'nodes-idle', held: false }] }
    expect(found([lossyLink], busy).findings).to.deep.equal([])
    expect(found([lossyLink], { problems }).findings).to.deep.equal([])
  })
})
