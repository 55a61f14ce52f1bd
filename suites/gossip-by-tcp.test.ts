import { expect } from 'chai'
import { allOf, deleted, inserted } from './changed-firewall.fake.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

const rising =
  (rule: string): ChangeKernel =>
  (state, node, reading) =>
    inserted('worker2', 'filter', 'INPUT', rule, reading === 'kernel' ? 0 : 900)(state, node, reading)

/** Engines say that UDP probes of worker2 fail and that they reach it by TCP. */
const codesWith = (rule: string): readonly string[] =>
  causesOf(
    explainWithKernel(
      'gossip-datagrams-dropped',
      allOf(deleted(/--dport 7946 -j DROP$/, 'worker2'), rising(rule)),
    ),
  ).map(([code]) => code)

describe('a rule that may drop gossip', function () {
  this.timeout(20_000)

  it('by TCP is no cause where engines reach the node by TCP', () => {
    for (const rule of [
      '-p tcp -m connlimit --connlimit-above 20 -j DROP',
      '-p tcp -m recent --update --seconds 60 --name scan --rsource -j DROP',
    ])
      expect(codesWith(rule), rule).to.deep.equal(['gossip-udp-blocked'])
  })

  it('by UDP is', () => {
    expect(codesWith('-p udp -m recent --update --seconds 60 --name scan --rsource -j DROP')).to.deep.equal([
      'host-firewall-drops',
    ])
  })
})
