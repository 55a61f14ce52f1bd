import { expect } from 'chai'
import { deleted, inserted } from './changed-firewall.fake.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

/** A limit of rates on the workers, which counted what it dropped of other programs. */
const limit =
  '-p udp -m hashlimit --hashlimit-above 100/sec --hashlimit-burst 50 --hashlimit-mode dstip --hashlimit-name own -j DROP'
const limited: ChangeKernel = (state, node, reading) => {
  if (node === 'manager') return
  inserted(node, 'mangle', 'POSTROUTING', limit, reading === 'kernel' ? 0 : 90)(state, node, reading)
}

describe('a rule for what a node sends whose matches are not understood', function () {
  this.timeout(30_000)

  for (const [fault, code] of Object.entries({
    'forward-dropped': 'host-firewall-drops',
    'arriving-vxlan-dropped': 'host-firewall-drops',
    'ingress-forward-missing': 'mesh-rule-missing',
    'balancer-task-missing': 'ipvs-differs-by-node',
    'resolver-silent': 'namespace-firewall-drops',
    'second-network-silent': 'namespace-firewall-drops',
    'vxlan-lost': 'data-path-port-blocked',
  }))
    it(`takes nothing from what is the cause: ${fault}`, () => {
      expect(causesOf(explainWithKernel(fault, limited)).map(([one]) => one)).to.deep.equal([code])
    })

  it('may be the cause where nothing else is', () => {
    const unlessDropped = deleted(/^filter OUTPUT -d 192\.168\.56\.11\/32 -p udp .* -j DROP$/, 'worker2')
    const said = explainWithKernel('vxlan-not-sent', (...given) => {
      unlessDropped(...given)
      if (given[1] === 'worker2') limited(...given)
    })
    const [first] = said.findings
    expect(first).to.deep.include({ code: 'outgoing-dropped', nodes: ['worker2'] })
    expect(first?.title).to.contain("worker2's own firewall may drop VXLAN that worker2 sends: ")
  })
})
