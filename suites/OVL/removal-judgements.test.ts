import { expect } from 'chai'
import type { Part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { task, threeNodes } from '../three-nodes.fake.ts'
import type { DeployedAgain, VersionLook } from './deployed-again.ts'
import type { Footprint, Holding, Holdings, Trace } from './leftovers.ts'
import { nothingLeft } from './ovl-12-nothing-left.ts'
import { stackAgain } from './ovl-18-stack-again.ts'

const facts = threeNodes()
const names = facts.nodes.map(({ name }) => name)
const polled = <S>(reached: boolean, ...seen: S[]): Polled<S> => ({
  ...{ reached, seconds: 4, withinSeconds: 30, failedLooks: 0, last: seen.at(-1) as S },
  looks: seen.map((one, index) => ({ atSeconds: index, seen: one })),
})
const network = (name: string): Footprint => ({
  ...{ id: `${name}-identifier`, name, subnet: '10.0.9.0/24', vni: 4105, macs: [] },
})
const namespaceOf = ({ id, name }: Footprint): Trace => ({
  ...{ kind: 'namespace', network: name, name: `1-${id.slice(0, 10)}` },
})
const holding = (traces: readonly Trace[], states: readonly string[] = []): Part<Holding> => ({
  got: { traces, xfrm: { states, policies: [] } },
})
const everywhere = (part: Part<Holding>): Holdings => Object.fromEntries(names.map((name) => [name, part]))
const nothing = everywhere(holding([]))

describe('OVL-12', () => {
  const networks = [network('clear'), network('secret')]
  const during = everywhere(holding(networks.map(namespaceOf)))
  const judged = (last: Holdings, reached: boolean, more = {}) =>
    judge(nothingLeft, { networks, before: nothing, during, polled: polled(reached, last), ...more })

  it('passes where nothing is left, and says how long it took', () => {
    const good = judged(nothing, true)
    expect(outcomeOf(good)).to.equal('pass')
    expect(good.measures).to.deep.equal([{ name: 'until nothing was left', value: 4, unit: 's', bound: 30 }])
    expect(good.conclusion).to.match(/^clear and secret stood on 3 nodes and more; 4 s after/)
  })

  it('names what is left by its node, IPsec that was there before not', () => {
    const secret = namespaceOf(network('secret'))
    const old = { ...nothing, worker1: holding([], ['a → b, SPI 0x1']) }
    const left = { ...nothing, worker1: holding([secret], ['a → b, SPI 0x1', 'a → b, SPI 0x2']) }
    const bad = judged(left, false, { before: old })
    expect(bad.problems.map(({ code, node, subject }) => [code, node, subject])).to.deep.equal([
      ['left-after-removal', 'worker1', 'namespace 1-secret-ide'],
      ['ipsec-left-after-removal', 'worker1', 'xfrm state a → b, SPI 0x2'],
    ])
    expect(outcomeOf(bad)).to.equal('fail')
    expect(bad.measures).to.deep.equal([])
  })

  it('does not take a node that could not be read for one that holds something, nor for one that does not', () => {
    const unread = judged({ ...nothing, worker2: { threw: 'connection lost' } }, false)
    expect(unread.problems).to.deep.equal([])
    expect(outcomeOf(unread)).to.equal('inconclusive')
  })

  it('proves nothing where a network was seen on one node alone while it was there', () => {
    const alone = { ...nothing, manager: holding(networks.map(namespaceOf)) }
    expect(outcomeOf(judged(nothing, true, { during: alone }))).to.equal('inconclusive')
  })
})

describe('OVL-18', () => {
  const stack = { service: 'swp-again-stack_shop', network: 'again_default', former: null }
  const other = { ...stack, network: 'again_other', former: 'again_default' }
  const old = network('again_default')
  const look = (on: readonly string[], publishedPort: number | null = 30000, by = 'it'): VersionLook => ({
    ...{ publishedPort },
    task: {
      ...task('again', 'worker1', 3),
      hostname: 'it',
      endpoints: Object.fromEntries(
        on.map((name) => [name, { address: '10.0.9.3', mac: '', prefixLength: 24 }]),
      ),
    },
    looked: ['manager', 'worker1', 'worker2'].map((to, index) => ({
      ...{ what: 'port', from: names[(index + 1) % 3] ?? '', to },
      probe: {
        ...{
          kind: 'tcp',
          from: '',
          fromNode: names[(index + 1) % 3] ?? '',
          to: '192.168.56.11',
          port: 30000,
        },
        ...{ outcome: 'answered', elapsedMs: 0, attempts: [], replies: [by], replyBytes: [2] },
      },
    })),
  })
  const held = { ...nothing, worker1: holding([namespaceOf(old)]) }
  const first = { got: { ...stack, polled: polled(true, look([]), look(['again_default'])), old, held } }
  const second = {
    got: { ...other, polled: polled(true, look(['again_other'])), networksLeft: ['again_default'] },
  }
  const removed = { got: { polled: polled(true, nothing) } }
  const sound: DeployedAgain = { first, second, removed }
  const judged = (changes: Partial<DeployedAgain> = {}) =>
    judge(stackAgain, { again: { ...sound, ...changes } })
  const found = (changes: Partial<DeployedAgain>) =>
    judged(changes).problems.map(({ code, node, network: on }) => [code, node, on])

  it('passes where the service moves and nothing of the old network is left', () => {
    expect(outcomeOf(judged())).to.equal('pass')
    expect(judged().conclusion).to.match(
      /ran on again_default after 1 s .* port 30000 of ingress; .* gone 4 s later$/,
    )
  })

  it('names a port that is not answered, by the node, whatever kernels held', () => {
    const silent = look(['again_default'])
    const looked = silent.looked.map((one) =>
      one.to === 'worker2'
        ? { ...one, probe: { ...one.probe, outcome: 'timeout' as const, elapsedMs: 6000, replies: [] } }
        : one,
    )
    const got = { ...first.got, polled: polled(false, { ...silent, looked }), held: nothing }
    const bad = judged({ first: { got }, second: null, removed: null })
    expect(bad.problems.map(({ code, node }) => [code, node])).to.deep.equal([
      ['port-not-answered', 'worker2'],
    ])
    expect(outcomeOf(bad)).to.equal('fail')
  })

  it('names a task that does not move, and an old network that went by itself', () => {
    const stuck = { ...second.got, polled: polled(false, look(['again_default'])) }
    expect(found({ second: { got: stuck }, removed: null })).to.deep.equal([
      ['task-not-attached', 'worker1', 'again_other'],
      ['task-still-attached', 'worker1', 'again_default'],
    ])
    expect(found({ second: { got: { ...second.got, networksLeft: [] } }, removed: null })).to.deep.equal([
      ['network-gone-too-early', 'manager', 'again_default'],
    ])
  })

  it('names what is left, and is inconclusive where kernels could not be read or a stage threw', () => {
    expect(found({ removed: { got: { polled: polled(false, held) } } })).to.deep.equal([
      ['left-after-removal', 'worker1', 'again_default'],
    ])
    const unread = { ...nothing, worker2: { threw: 'connection lost' } }
    expect(outcomeOf(judged({ removed: { got: { polled: polled(false, unread) } } }))).to.equal(
      'inconclusive',
    )
    expect(outcomeOf(judged({ removed: { threw: 'network is in use' } }))).to.equal('inconclusive')
    expect(outcomeOf(judged({ second: { threw: 'never observed' }, removed: null }))).to.equal('inconclusive')
    const unheld = { got: { ...first.got, held: nothing } }
    expect(outcomeOf(judged({ first: unheld }))).to.equal('inconclusive')
  })

  it('is skipped in a swarm without ingress', () => {
    const { ingress: _, ...networks } = facts.networks
    expect(outcomeOf(judge(stackAgain, { again: null }, { ...facts, networks }))).to.equal('skip')
  })
})
