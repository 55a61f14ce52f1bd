import { expect } from 'chai'
import type { TestContext } from '../../../lib/conformance/context.ts'
import { parseNftables } from '../../../lib/observe/nftables.ts'
import { recorded } from '../../../lib/observe/recorded/recorded.fake.ts'
import { supportedTraffic, omissionNote } from './supported-traffic.ts'

describe('what an observation leaves out', () => {
  const context = (kernelModules: Record<string, boolean>, namespaces: object = {}): TestContext =>
    ({
      cluster: { nodes: [{}, {}] },
      stack: { networks: { secret: { name: 'swp-secret' } } },
      state: async () => new Map([['worker1', { host: 'worker1', kernelModules, namespaces }]]),
    }) as unknown as TestContext

  it('is nothing where the kernels have all', async () => {
    const { roles, balances, leftOut } = await supportedTraffic(context({ ip_vs: true, esp4: true }))
    expect({ roles, balances, leftOut }).to.deep.equal({
      ...{ roles: ['clear', 'secret'], balances: true, leftOut: [] },
    })
    expect(omissionNote(leftOut)).to.equal('')
  })

  it('is what a kernel lacks, with the node and the module, and holds no sentence', async () => {
    const { roles, balances, leftOut } = await supportedTraffic(context({ ip_vs: false, esp4: false }))
    expect({ roles, balances }).to.deep.equal({ roles: ['clear'], balances: false })
    expect(leftOut.map(({ missing }) => missing)).to.deep.equal([
      { what: 'esp4', of: 'swarm', nodes: ['worker1'] },
      { what: 'ip_vs', of: 'swarm', nodes: ['worker1'] },
    ])
    expect(omissionNote(leftOut)).to.equal(
      '; left out: swp-secret (esp4 is missing on worker1), VIPs and published ports (ip_vs is missing on worker1)',
    )
    expect(omissionNote(leftOut, 'swp-secret')).not.to.contain('ip_vs')
  })

  it('is not balancing where rules of nftables balance, which need no IPVS', async () => {
    const nftables = parseNftables(recorded('nft-balancer', 'ruleset.json'))
    const balanced = async (namespaces: object): Promise<boolean> =>
      (await supportedTraffic(context({ ip_vs: false, esp4: true }, namespaces))).balances
    for (const name of ['ingress_sbox', 'lb_ryel08rau'])
      expect(await balanced({ [name]: { ipvs: [], nftables } }), name).to.equal(true)
    // Of a task, whose rules are its own business, and of a balancer that has none.
    expect(await balanced({ '30f8691a4f68': { ipvs: [], nftables } })).to.equal(false)
    expect(await balanced({ ingress_sbox: { ipvs: [], nftables: [] } })).to.equal(false)
  })
})
