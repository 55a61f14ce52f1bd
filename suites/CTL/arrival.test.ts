import { expect } from 'chai'
import type { NodeFacts } from '../../lib/observation/facts.ts'
import type { SeenFrame } from '../../lib/observation/frame.ts'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { arrivals, lossProblems } from './arrival.ts'

const node = (name: string, address: string) =>
  ({ name, dataPath: { address, interface: 'eth1' } }) as NodeFacts
const [a, b] = [node('a', '192.0.2.1'), node('b', '192.0.2.2')]

let index = 0
const frame = (seenOn: NodeFacts, from: NodeFacts, to: NodeFacts, digest: string, source?: string) =>
  ({
    ...{ seenOn: seenOn.name, egress: seenOn === from, digest, file: 'x.pcap', index: (index += 1) },
    outer: { source: source ?? from.dataPath.address, destination: to.dataPath.address },
    udp: { from: 40000, to: 4789 },
  }) as SeenFrame

describe('arrivals', () => {
  it('counts what was seen on both sides', () => {
    const seen = [
      frame(a, a, b, '1'),
      frame(b, a, b, '1'),
      frame(a, a, b, '2'),
      frame(b, b, a, '3'),
      frame(a, b, a, '3'),
    ]
    const found = arrivals({}, [a, b], seen)
    expect(found.map(({ left, arrived }) => [left, arrived])).to.deep.equal([
      [2, 1],
      [1, 1],
    ])
    expect(lossProblems(found, 'VXLAN', 'net')).to.deep.equal([])
  })

  it('tells what left and was lost from what never left', () => {
    const found = arrivals({}, [a, b], [frame(a, a, b, '1')])
    expect(lossProblems(found, 'VXLAN', 'net').map(describeProblem)).to.deep.equal([
      'net: of 1 VXLAN packets that left a, none arrived at b',
      'net: no VXLAN left b for a',
    ])
  })

  it('does not take another packet for the one that left', () => {
    const found = arrivals({}, [a, b], [frame(a, a, b, '1'), frame(b, a, b, '2')])
    expect(found[0]?.arrived).to.equal(0)
  })

  it('follows a frame with another outer source address than its node’s', () => {
    const found = arrivals({}, [a, b], [frame(a, a, b, '1', '192.0.2.99'), frame(b, a, b, '1', '192.0.2.99')])
    expect([found[0]?.left, found[0]?.arrived]).to.deep.equal([1, 1])
  })
})
