import { expect } from 'chai'
import type { TestContext } from '../../../lib/conformance/context.ts'
import { carried, exceptFor } from './left-out.ts'

describe('what an observation leaves out', () => {
  const context = (kernelModules: Record<string, boolean>): TestContext =>
    ({
      cluster: { nodes: [{}, {}] },
      stack: { networks: { secret: { name: 'swp-secret' } } },
      state: async () => new Map([['worker1', { host: 'worker1', kernelModules }]]),
    }) as unknown as TestContext

  it('is nothing where the kernels have all', async () => {
    const { roles, balances, leftOut } = await carried(context({ ip_vs: true, esp4: true }))
    expect({ roles, balances, leftOut }).to.deep.equal({
      ...{ roles: ['clear', 'secret'], balances: true, leftOut: [] },
    })
    expect(exceptFor(leftOut)).to.equal('')
  })

  it('is what a kernel lacks, with the node and the module, and holds no sentence', async () => {
    const { roles, balances, leftOut } = await carried(context({ ip_vs: false, esp4: false }))
    expect({ roles, balances }).to.deep.equal({ roles: ['clear'], balances: false })
    expect(leftOut.map(({ missing }) => missing)).to.deep.equal([
      { what: 'esp4', of: 'swarm', nodes: ['worker1'] },
      { what: 'ip_vs', of: 'swarm', nodes: ['worker1'] },
    ])
    expect(exceptFor(leftOut)).to.equal(
      '; left out: swp-secret (esp4 is missing on worker1), VIPs and published ports (ip_vs is missing on worker1)',
    )
    expect(exceptFor(leftOut, 'swp-secret')).not.to.contain('ip_vs')
  })
})
