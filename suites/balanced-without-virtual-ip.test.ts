import { expect } from 'chai'
import { causesOf, explainAltered, explainWithKernel } from './golden/altered-case.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

const run = 'balanced-round-robin'
const address = '10.91.1.8'

describe('a balancer that lists a task of a service without virtual IP', () => {
  it('is named with its node, the task, the mark and what else has it', () => {
    const said = explainAltered(run)
    expect(causesOf(said)).to.deep.equal([['ipvs-differs-by-node', ['manager']]])
    expect(said.findings[0]).to.deep.include({
      title:
        'IPVS on manager balances to swp-rr@manager, whose service has no virtual IP; on the other nodes it does not',
      explains: ['DSC-03', 'LB-02'],
    })
    expect(said.findings[0]?.proof.at(-1)).to.match(
      /^manager: lb_\w+ has 10\.91\.1\.8 under the mark 259, beside swp-web@manager, swp-web@worker1$/,
    )
  })

  it('is no difference between nodes where all of them list it', () => {
    const said = explainWithKernel(run, (state, node) => {
      if (node === 'manager') return
      for (const { ipvs } of Object.values(state.namespaces))
        for (const { firewallMark, destinations } of ipvs)
          if (firewallMark === 259) destinations.push({ address, weight: 1, forwarding: 'Masq' })
    })
    expect(said.outcomes['DSC-03']).to.equal('fail')
    expect(causesOf(said)).to.deep.equal([])
  })

  it('that misses a task besides is said to differ as before', async () => {
    const found = await findingsWhere('standard-conformant', undefined, undefined, undefined, {
      'LB-02': [
        { code: 'balancer-lacks-task', kind: 'missed', node: 'worker1', address: '10.91.1.2' },
        { code: 'balanced-without-virtual-ip', kind: 'seen', node: 'worker1', address },
      ],
    })
    expect(found.find(({ code }) => code === 'ipvs-differs-by-node')?.title).to.equal(
      'IPVS on worker1 does not list the running tasks, on the other nodes it does',
    )
  })

  it('is none on a sound cluster', async () => {
    const found = await findingsWhere('standard-conformant')
    expect(found.map(({ code }) => code)).to.not.include('ipvs-differs-by-node')
  })
})
