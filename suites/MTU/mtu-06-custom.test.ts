import { expect } from 'chai'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { hostState, namespace } from '../host-states.fake.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { customMtu } from './mtu-06-custom.ts'
import {
  facts,
  names,
  nodeWith,
  sizedDatagrams,
  sizesSeen,
  viewOfClear,
  wiresWith,
} from './sized-nodes.fake.ts'

const stack = { clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.1', mtuBytes: 1300 } }
const on = { ...facts, topology: { ...facts.topology, stack } } as unknown as ClusterFacts
const good = {
  kernel: Object.fromEntries(names.map((name) => [name, nodeWith(name, 1250)])),
  views: Object.fromEntries(names.map((name) => [name, [viewOfClear(1300)]])),
  sizes: sizesSeen(1250),
}
const verdict = (seen: object) => verdictOf(customMtu, { ...good, ...seen }, on)
const codesOf = (seen: object): string[] => verdict(seen).problems.map(({ code, node }) => `${node} ${code}`)

describe('MTU-06', () => {
  it('passes where the MTU asked for is stated, is what interfaces have, and bounds the wire', () => {
    expect(verdict({}).outcome).to.equal('pass')
  })

  it('fails for what the manager states, for an interface, and for a longer packet', () => {
    expect(codesOf({ views: { ...good.views, manager: [viewOfClear()] } })).to.deep.equal([
      'manager engine-states-otherwise',
    ])
    const wide = { ...good.kernel, worker1: nodeWith('worker1', 1450) }
    expect(new Set(codesOf({ kernel: wide }))).to.deep.equal(new Set(['worker1 interface-mtu-wrong']))
    const wires = { ...wiresWith([1300]), worker2: wiresWith([1300, 1500]).worker2 }
    expect(codesOf({ sizes: sizesSeen(1250, { wires }) })).to.deep.equal(['worker2 larger-than-asked'])
  })

  it('judges what was seen although no interface of the network was found', () => {
    const bare = Object.fromEntries(names.map((name) => [name, hostState(name, namespace([]))]))
    const { outcome } = verdict({ kernel: bare })
    expect(outcome).to.equal('inconclusive')
    expect(codesOf({ kernel: bare, views: { ...good.views, manager: [viewOfClear()] } })).to.deep.equal([
      'manager engine-states-otherwise',
    ])
  })

  it('proves nothing by "none larger" where none of full size was recorded, but fails for what was lost', () => {
    const wires = wiresWith([102])
    expect(verdict({ sizes: sizesSeen(1250, { wires }) }).outcome).to.equal('inconclusive')
    const datagrams = sizedDatagrams(1250, (_, __, fits) => (fits ? 'timeout' : undefined))
    expect(verdict({ sizes: sizesSeen(1250, { wires, datagrams }) }).outcome).to.equal('fail')
  })
})
