import { expect } from 'chai'
import type { Packet } from '../../lib/packet/packet.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { type Passing, arrivals, lossesOf } from './arrival.ts'

const node = (name: string, address: string): ClusterNode =>
  ({ host: { name }, dataPath: { address, interface: 'eth1' } }) as unknown as ClusterNode
const [a, b] = [node('a', '192.0.2.1'), node('b', '192.0.2.2')]

const passing = (seenOn: ClusterNode, from: ClusterNode, to: ClusterNode, identity: string): Passing => ({
  packet: { number: 1 } as Packet,
  seenOn: seenOn.host.name,
  source: from.dataPath.address,
  destination: to.dataPath.address,
  identity,
})

describe('arrivals', () => {
  it('counts what was seen on both sides', () => {
    const seen = [
      passing(a, a, b, '1'),
      passing(b, a, b, '1'),
      passing(a, a, b, '2'),
      passing(b, b, a, '3'),
      passing(a, b, a, '3'),
    ]
    const found = arrivals([a, b], seen)
    expect(found.map(({ left, arrived }) => [left, arrived])).to.deep.equal([
      [2, 1],
      [1, 1],
    ])
    expect(lossesOf(found, 'frame')).to.deep.equal([])
  })

  it('tells what left and was lost from what never left', () => {
    const found = arrivals([a, b], [passing(a, a, b, '1')])
    expect(lossesOf(found, 'frame')).to.deep.equal([
      'a → b: 1 frames left a, none arrived at b',
      'b → a: no frame ever left b',
    ])
  })

  it('does not take another packet for the one that left', () => {
    const found = arrivals([a, b], [passing(a, a, b, '1'), passing(b, a, b, '2')])
    expect(found[0]?.arrived).to.equal(0)
  })
})
