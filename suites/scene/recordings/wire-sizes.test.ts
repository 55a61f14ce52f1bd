import { expect } from 'chai'
import type { Frame, WireSeen } from '../../../lib/observation/frame.ts'
import { sizesOf } from './wire-sizes.ts'

function vxlan(index: number, bytes: number, more: Partial<Frame> = {}): Frame {
  return {
    ...{ index, at: 0, egress: true, digest: '', matched: [], wireBytes: bytes + 14 },
    outer: { source: '192.168.56.11', destination: '192.168.56.12', ttl: 64, bytes },
    ...{ udp: { from: 40_000, to: 4789 }, vxlan: { vni: 4097, valid: true } },
    ...more,
  }
}

function recorded(frames: readonly Frame[]): WireSeen {
  return {
    ...{ node: 'worker1', interface: 'eth1', file: 'captures/one.pcap' },
    ...{ startedAt: '', endedAt: '', passedOver: {}, droppedByKernel: 0, droppedByInterface: 0 },
    frames,
  }
}

describe('what left an interface, by size', () => {
  it('counts whole packets of one kind, size and destination, and keeps a few of them', () => {
    const bulk = Array.from({ length: 500 }, (_, index) => vxlan(index + 1, 1500))
    const { whole, frames } = sizesOf(recorded([...bulk, vxlan(501, 102)]))
    expect(whole).to.deep.equal([
      { to: '192.168.56.12', kind: 'vxlan', vni: 4097, bytes: 1500, count: 500 },
      { to: '192.168.56.12', kind: 'vxlan', vni: 4097, bytes: 102, count: 1 },
    ])
    expect(frames.map(({ index }) => index)).to.deep.equal([1, 2, 3, 501])
  })

  it('keeps every fragment and counts none of them as whole', () => {
    const fragment = { offset: 0, more: true, id: 7, protocol: 17 }
    const outer = { ...vxlan(1, 1396).outer, fragment } as Frame['outer'] & object
    const { whole, frames } = sizesOf(recorded([1, 2, 3, 4, 5].map((index) => vxlan(index, 1396, { outer }))))
    expect(whole).to.deep.equal([])
    expect(frames).to.have.lengthOf(5)
  })

  it('leaves out what came in', () => {
    expect(sizesOf(recorded([vxlan(1, 1500, { egress: false })])).whole).to.deep.equal([])
  })
})
