import { expect } from 'chai'
import { findingsWhere } from './stored/findings-where.fake.ts'

describe('links of a lab on which one node lost 5 % of what it sent', () => {
  it('are told by the queueing discipline where the node shows one', async () => {
    const findings = await findingsWhere('packets-lost')
    expect(findings.map(({ code }) => code)).to.deep.equal(['queueing-disturbs'])
  })

  it('are told by what was counted at both ends where no host shows why', async () => {
    // As if it stood between the hosts, out of their sight.
    const findings = await findingsWhere('packets-lost', (state) => {
      delete state.queueing
    })
    expect(findings.map(({ code }) => code)).to.deep.equal(['packets-lost-between-nodes'])
    expect(findings[0]?.title).to.equal('4.9 % of the packets that worker2 sends are lost on the way')
    expect(findings[0]?.cause).to.contain('(23 of 400)')
    expect(findings[0]?.explains).to.have.members(['OVL-03', 'OVL-19'])
  })
})

describe('checksums of a lab on which one node inverted those of TCP and UDP inside VXLAN', () => {
  it('are the offload of that node’s card, before anything that follows', async () => {
    const findings = await findingsWhere('inner-checksums')
    expect(findings.map(({ code }) => code)).to.deep.equal(['inner-checksums-not-completed'])
    expect(findings[0]).to.deep.include({ nodes: ['worker2'], networks: ['swp-clear'] })
    expect(findings[0]?.explains).to.have.members(['OVL-03', 'VXL-10'])
  })
})
