import { expect } from 'chai'
import { frameOf } from '../../lib/conformance/wire-seen.ts'
import type { Frame } from '../../lib/observation/frame.ts'
import { pairsOf, type TaskFacts, tasksIn } from '../../lib/observation/facts.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import { encodeDatagram, encodeEthernet } from '../../lib/packet/encode.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { inVxlan, type OnWire, packetOf, vxlan, wireOf, wiresOf } from '../wires.fake.ts'
import { encapsulation } from './vxl-01-encapsulation.ts'
import { addresses } from './vxl-02-addresses.ts'
import { localStaysLocal } from './vxl-03-local-stays-local.ts'
import { bareOnVeth } from './vxl-07-bare-on-veth.ts'
import { readable } from './vxl-08-readable.ts'

const facts = threeNodes()
const tasks = tasksIn(facts, 'clear')
const across = pairsOf(tasks).filter(([from, to]) => from.node !== to.node)
const sound: OnWire[] = across.map(([from, to]) => vxlan(facts, from, to, { word: 'clear' }))
const on = (name: string): TaskFacts[] => tasks.filter(({ node }) => node === name)
const [web, onWorker2, onManager] = ['worker1', 'worker2', 'manager'].map((name) => on(name)[0]) as [
  TaskFacts,
  TaskFacts,
  TaskFacts,
]
/** What a listener on any interface of a Linux host reports, once in a while and on every network. */
const listenerReport = Buffer.from(
  `333300000016e61d54b34ad986dd6000000000240001fe80000000000000e41d54fffeb34ad9ff02000000000000000000000000001600` +
    '3a000502000001008f00a2d20000000104000000ff0200000000000000000001ffb34ad9',
  'hex',
)

const seen = (sent: readonly OnWire[], probes: readonly object[] = []) => ({
  ...{ exchange: { wires: wiresOf(facts, sent), exchanged: probes, leftOut: [] }, views: {} },
})
const found = ({ problems }: Judgement): string[] =>
  problems.map(({ code, node, path }) =>
    [code, node, path?.from, path?.to].filter((word) => word !== undefined).join(' '),
  )

describe('judging encapsulation', () => {
  it('passes VXLAN between all pairs', () => {
    const judged = judge(encapsulation, seen(sound))
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/^16 ordered pairs left as VXLAN with VNI 4097/)
  })

  it('sees what left from another outer source, and with which VNI', () => {
    const wrong = sound.map((packet, index) => {
      const [from, to] = across[index] as (typeof across)[0]
      return from === web ? vxlan(facts, from, to, { source: '192.0.2.99', vni: 5000 }) : packet
    })
    const judged = judge(encapsulation, seen(wrong))
    expect(outcomeOf(judged)).to.equal('fail')
    expect([
      ...new Set(judged.problems.map(({ code, node, observed }) => [code, node, observed].join(' '))),
    ]).to.deep.equal(['vni-differs worker1 5000'])
  })

  it('names the node that nothing left', () => {
    const judged = judge(encapsulation, seen(sound.filter(({ from }) => from !== 'manager')))
    expect([...new Set(judged.problems.map(({ code, node }) => `${code} ${node}`))]).to.deep.equal([
      'not-encapsulated manager',
    ])
  })

  it('judges nothing of a node whose capture was blind, and says so', () => {
    const { exchange, ...others } = seen(sound.filter(({ from }) => from !== 'manager'))
    const wires = { ...exchange.wires, manager: { blind: '3 packets dropped' } }
    const judged = judge(encapsulation, { ...others, exchange: { ...exchange, wires } })
    expect([outcomeOf(judged), judged.problems]).to.deep.equal(['inconclusive', []])
  })
})

describe('judging addresses', () => {
  it('passes frames between data-path addresses', () => {
    expect(outcomeOf(judge(addresses, seen(sound)))).to.equal('pass')
  })

  it('leaves IPv6 that every host sends by itself alone', () => {
    const report = inVxlan(facts, 'worker1', 'manager', listenerReport, { vni: 4097, port: 4789 })
    const [frame] = wiresOf(facts, [report])['worker1']?.got.frames ?? []
    expect(frame?.inner?.ip?.source).to.match(/^fe80:/)
    expect(found(judge(addresses, seen([...sound, report])))).to.deep.equal([])
  })

  it('tells another outer source by the sender, wherever it was seen', () => {
    const translated = vxlan(facts, web, onManager, { source: '192.0.2.99' })
    const judged = judge(addresses, seen([...sound, translated]))
    expect(found(judged)).to.deep.equal(['outer-address-differs worker1 worker1 manager'])
    expect(judged.problems[0]).to.include({ subject: 'source', observed: '192.0.2.99' })
  })

  it('tells a frame that goes to the wrong node by its sender', () => {
    const astray = vxlan(facts, web, onWorker2, { toNode: 'manager' })
    const judged = judge(addresses, seen([...sound, astray]))
    expect(found(judged)).to.deep.equal(['outer-address-differs worker1 worker1 worker2'])
    expect(judged.problems[0]).to.include({
      subject: 'destination',
      observed: '192.168.56.11',
      expected: '192.168.56.13',
    })
  })

  it('sees a hop that a router took', () => {
    expect(found(judge(addresses, seen([...sound, vxlan(facts, web, onWorker2, { ttl: 63 })])))).to.include(
      'hop-taken worker1 worker1 worker2',
    )
  })

  it('fails where nothing at all left, though no echo was seen either', () => {
    expect(outcomeOf(judge(addresses, seen([])))).to.equal('fail')
  })

  it('does not tell of echoes where only other traffic was seen', () => {
    const frame = encodeEthernet(
      { source: '02:42:0a:5b:01:03', destination: 'ff:ff:ff:ff:ff:ff', etherType: 0x0806 },
      Buffer.alloc(28),
    )
    const arp = inVxlan(facts, 'worker1', 'worker2', frame, { vni: 4097, port: 4789 })
    expect(judge(addresses, seen([arp])).controls[0]).to.include({ held: false })
  })
})

describe('judging what stays on a host', () => {
  const [one, two] = on('worker1') as [TaskFacts, TaskFacts]
  const local = [
    { from: one.id, to: two.id, network: 'clear', protocol: 'icmp', probe: { outcome: 'answered' } },
  ]

  it('passes where the underlay carries the traffic across hosts alone', () => {
    expect(outcomeOf(judge(localStaysLocal, seen(sound, local)))).to.equal('pass')
  })

  it('names the node whose traffic left, and where it was seen', () => {
    const left = vxlan(facts, one, two, { toNode: 'manager', word: 'local' })
    const judged = judge(localStaysLocal, seen([...sound, left], local))
    expect(judged.problems.map(({ code, node, subject }) => [code, node, subject])).to.have.deep.members([
      ['local-traffic-left', 'worker1', 'worker1'],
      ['local-traffic-left', 'worker1', 'manager'],
    ])
  })

  it('proves nothing where the traffic across hosts was not found, or nobody answered', () => {
    expect(outcomeOf(judge(localStaysLocal, seen([], local)))).to.equal('inconclusive')
    const silent = local.map((probe) => ({ ...probe, probe: { outcome: 'timeout' } }))
    expect(outcomeOf(judge(localStaysLocal, seen(sound, silent)))).to.equal('inconclusive')
  })
})

describe('judging readable data', () => {
  it('passes where it is readable from every node to every other', () => {
    expect(outcomeOf(judge(readable, seen(sound)))).to.equal('pass')
  })

  it('misses it where what left one node holds no known word', () => {
    const others = sound.filter(({ from, to }) => from !== 'manager' || to !== 'worker1')
    const judged = judge(readable, seen([...others, vxlan(facts, onManager, web)]))
    expect(found(judged)).to.deep.equal(['payload-unreadable manager worker1'])
  })
})

describe('judging frames bare and encapsulated', () => {
  const bare = (mac = web.endpoints['swp-clear']?.mac ?? ''): Uint8Array =>
    encodeDatagram(
      {
        ...{ sourceMac: mac, destinationMac: onManager.endpoints['swp-clear']?.mac ?? '' },
        ...{ source: '10.91.1.3', destination: '10.91.1.5', sourcePort: 40000, destinationPort: 7107 },
      },
      Buffer.from('a word that was sent'),
    )
  const frame = (bytes: Uint8Array): Frame =>
    frameOf(packetOf(bytes, 1), { mac: '', words: { 'datagram-0': 'a word that was sent' } })
  const wrapped = (inner: Uint8Array): Frame =>
    frame(inVxlan(facts, 'worker1', 'manager', inner, { vni: 4097, port: 4789 }).bytes)
  const judged = (onVeth: readonly Frame[], onUnderlay: readonly Frame[]): Judgement =>
    judge(bareOnVeth, {
      sent: [
        {
          from: web.id,
          to: onManager.id,
          word: 'datagram-0',
          veth: 'worker1 eth0 in a',
          underlay: 'worker1 eth1',
        },
      ],
      wires: {
        'worker1 eth0 in a': { got: wireOf('worker1', 'eth0', onVeth) },
        'worker1 eth1': { got: wireOf('worker1', 'eth1', onUnderlay) },
      },
      withoutVeth: ['manager', 'worker2'],
    })

  it('sees one frame on both', () => {
    const all = judged([frame(bare())], [wrapped(bare())])
    expect(found(all)).to.deep.equal([])
    expect(all.tables['each datagram on the veth and on the underlay of its sender']).to.have.nested.property(
      '[0].sameFrame',
      1,
    )
    expect(all.unseen.flatMap(({ nodes }) => nodes)).to.include.members(['manager', 'worker2'])
  })

  it('sees another frame, none, or VXLAN on the veth already', () => {
    const other = wrapped(bare('02:42:0a:5b:01:09'))
    expect(found(judged([frame(bare())], [other]))).to.deep.equal(['frame-altered worker1 worker1 manager'])
    expect(found(judged([frame(bare())], []))).to.deep.equal([
      'frame-not-on-underlay worker1 worker1 manager',
    ])
    expect(found(judged([], [wrapped(bare())]))).to.deep.equal(['frame-not-on-veth worker1 worker1 manager'])
    expect(found(judged([wrapped(bare())], [wrapped(bare())]))).to.include(
      'frame-encapsulated-early worker1 worker1 manager',
    )
  })
})
