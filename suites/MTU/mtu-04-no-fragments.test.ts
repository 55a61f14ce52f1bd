import { expect } from 'chai'
import { verdictOf } from '../verdict-of.fake.ts'
import { noFragments } from './mtu-04-no-fragments.ts'
import { facts, names, sizesSeen, wiresWith } from './sized-nodes.fake.ts'

const wires = wiresWith([102, 1500])

describe('MTU-04', () => {
  it('passes where whole packets of full size went between all nodes', () => {
    expect(verdictOf(noFragments, { sizes: sizesSeen(1450) })).to.include({ outcome: 'pass' })
  })

  it('proves nothing where no packet of full size left one node for another', () => {
    const { got } = wiresWith([102]).worker1 ?? {}
    const { outcome, reason } = verdictOf(noFragments, {
      sizes: sizesSeen(1450, { wires: { ...wires, worker1: { got } } }),
    })
    expect(outcome).to.equal('inconclusive')
    expect(reason).to.include('whole packets of full size of swp-clear between all nodes')
  })

  it('fails for fragments, whether or not all packets of full size were seen', () => {
    const got = wiresWith([102]).worker1?.got
    const [first] = got?.frames ?? []
    const fragment = { offset: 1376, more: false, id: 9, protocol: 17 }
    const outer = { source: '203.0.113.9', destination: '192.168.56.13', ttl: 64, bytes: 144, fragment }
    const cut = { ...got, frames: [{ ...first, outer }] }
    const { outcome, problems } = verdictOf(noFragments, {
      sizes: sizesSeen(1450, { wires: { ...wires, worker1: { got: cut } } }),
    })
    expect(outcome).to.equal('fail')
    expect(problems[0]).to.deep.include({
      ...{ code: 'fragments-left', node: 'worker1', protocol: 'VXLAN', observed: 1 },
      path: { from: 'worker1', to: 'worker2' },
    })
  })

  it('is skipped without the tool, and inconclusive where a capture was blind', () => {
    const missing = { what: 'tcpdump', of: 'tool', nodes: names }
    const without = Object.fromEntries(names.map((name) => [name, { missing }]))
    expect(verdictOf(noFragments, { sizes: sizesSeen(1450, { wires: without }) }, facts).outcome).to.equal(
      'skip',
    )
    const blind = { ...wires, manager: { blind: 'the last canary was not recorded' } }
    expect(verdictOf(noFragments, { sizes: sizesSeen(1450, { wires: blind }) }).outcome).to.equal(
      'inconclusive',
    )
  })
})
