import { expect } from 'chai'
import { decide } from '../../lib/conformance/decide.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Frame } from '../../lib/observation/frame.ts'
import { storedObservations } from '../stored/stored-run.ts'
import { gossipEncrypted } from './ctl-06-gossip-encrypted.ts'

interface Seen {
  readonly control: {
    readonly wires: Readonly<Record<string, { readonly got: { readonly frames: readonly Frame[] } }>>
  }
}

const stored = storedObservations('standard-conformant', [gossipEncrypted])
const { facts } = stored
const seen = stored.seen[gossipEncrypted.id] as Seen

describe('CTL-06 on what a lab recorded', () => {
  const outcomeOf = (changed: (frame: Frame, node: string) => Frame[]): string => {
    const wires = Object.fromEntries(
      Object.entries(seen.control.wires).map(([node, { got }]) => [
        node,
        { got: { ...got, frames: got.frames.flatMap((frame) => changed(frame, node)) } },
      ]),
    )
    const judged = gossipEncrypted.judge({ ...seen, control: { ...seen.control, wires } }, facts)
    return decide(judged, { sharesKernel: false }).outcome
  }

  it('passes', () => {
    expect(outcomeOf((frame) => [frame])).to.equal('pass')
  })

  it('finds gossip of a node whose datagrams have another outer source', () => {
    expect(outcomeOf((frame) => [withOtherSource(frame, facts)])).to.equal('pass')
  })

  it('is inconclusive where no gossip was recorded leaving a node', () => {
    const ofLast = facts.nodes.at(-1)?.name
    const silent = (frame: Frame, node: string): Frame[] =>
      node === ofLast && frame.egress && frame.udp?.to === 7946 ? [] : [frame]
    expect(outcomeOf(silent)).to.equal('inconclusive')
  })
})

function withOtherSource(frame: Frame, { nodes }: ClusterFacts): Frame {
  const own = nodes.at(-1)?.advertise.address
  const { outer } = frame
  return outer?.source === own && outer !== undefined
    ? { ...frame, outer: { ...outer, source: '192.168.56.130' } }
    : frame
}
