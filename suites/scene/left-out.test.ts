import { expect } from 'chai'
import type { TestContext } from '../../lib/conformance/context.ts'
import { carried, exceptFor } from './left-out.ts'

describe('what an observation leaves out', () => {
  const context = (kernelModules: Record<string, boolean>): Omit<TestContext, 'evidence'> =>
    ({
      cluster: { nodes: [{}, {}] },
      stack: { networks: { secret: { name: 'swp-secret' } } },
      state: async () => new Map([['worker1', { host: 'worker1', kernelModules }]]),
    }) as unknown as Omit<TestContext, 'evidence'>

  it('is nothing where the kernels have all', async () => {
    const { roles, balances, leftOut } = await carried(context({ ip_vs: true, esp4: true }))
    expect({ roles, balances, leftOut }).to.deep.equal({
      ...{ roles: ['clear', 'secret'], balances: true, leftOut: [] },
    })
    expect(exceptFor(leftOut)).to.equal('')
  })

  it('is what a kernel lacks, and told with the host and the module', async () => {
    const { roles, balances, leftOut } = await carried(context({ ip_vs: false, esp4: false }))
    expect({ roles, balances }).to.deep.equal({ roles: ['clear'], balances: false })
    expect(exceptFor(leftOut)).to.match(
      /^; left out: swp-secret \(.*worker1 has no module esp4\), VIPs and published ports \(.*worker1.* ip_vs\)$/,
    )
    expect(exceptFor(leftOut, 'swp-secret')).not.to.contain('ip_vs')
  })
})
