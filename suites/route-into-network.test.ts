import { expect } from 'chai'
import type { Problem } from '../lib/observation/problem.ts'
import type { Route } from '../lib/observe/host-state.ts'
import { explainWithKernel } from './golden/altered-case.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

/** Of what the fault left on worker2, with other routes in its place. */
const withRoutes = (
  routes: readonly Route[],
  node = 'worker2',
  addresses: Readonly<Record<string, string>> = {},
) =>
  explainWithKernel('overlapping-routes', (state, on) => {
    state.root.routes = state.root.routes.filter(({ destination }) => !destination.endsWith('/32'))
    if (on !== node) return
    state.root.routes.push(...routes)
    for (const link of state.root.links) {
      const [address = '', length] = addresses[link.name]?.split('/') ?? []
      if (address !== '') link.addresses.push({ address, prefixLength: Number(length), family: 'inet' })
    }
  }).findings.filter(({ severity }) => severity === 'cause')

describe('a route of a host into the subnet of a network', function () {
  this.timeout(30_000)

  it('is named with what takes it away, on any node and by any device', () => {
    for (const node of ['worker1', 'manager']) {
      const [first, ...others] = withRoutes(
        [{ destination: '10.0.0.0/16', device: 'eth0', gateway: '172.31.250.9' }],
        node,
      )
      expect(first).to.deep.include({ code: 'route-into-network', nodes: [node], explains: ['OVL-05'] })
      expect(first?.title).to.equal(
        `${node} has a route into swp-auto (10.0.1.0/24), ingress (10.0.0.0/24): 10.0.0.0/16 via 172.31.250.9 dev eth0`,
      )
      expect(others).to.deep.equal([])
    }
    const [bridge] = withRoutes([{ destination: '172.16.0.0/12', device: 'tun0' }])
    expect(bridge).to.deep.include({
      nodes: ['worker2'],
      networks: ['docker_gwbridge'],
      explains: ['GWB-01'],
    })
  })

  it('is to be deleted where it was set; of a network that the host is in the other one has to go', async () => {
    const own = withRoutes([{ destination: '10.0.1.0/24', device: 'eth1' }], 'worker2', {
      eth1: '10.0.1.77/24',
    })
    expect(own[0]?.proof).to.deep.equal([
      'worker2: 10.0.1.0/24 dev eth1 and swp-auto 10.0.1.0/24; eth1 has 10.0.1.77/24',
    ])
    const remedyOf = async (destination: string, device: string): Promise<string> => {
      const problem: Problem = {
        ...{ code: 'subnet-overlaps-route', kind: 'seen', node: 'worker1', network: 'swp-auto' },
        ...{ address: '192.168.56.0/25', subject: `${destination} dev ${device}` },
      }
      const change: ChangeKernel = ({ root }) =>
        root.routes.push({ destination: '192.168.56.7/32', device: 'eth0' })
      const reports = { 'OVL-05': [problem] }
      const found = await findingsWhere('standard-conformant', change, undefined, undefined, reports)
      return found.find(({ code }) => code === 'route-into-network')?.remedy.join('\n') ?? ''
    }
    expect(await remedyOf('192.168.56.7/32', 'eth0')).to.contain('`ip route del 192.168.56.7/32 dev eth0`')
    const connected = await remedyOf('192.168.56.0/24', 'eth1')
    expect(connected).to.contain('worker1 is in that network itself (192.168.56.12/24)')
    expect(connected).to.not.contain('ip route del')
  })

  it('is none where no subnet is concerned', async () => {
    expect(withRoutes([{ destination: '10.200.0.0/24', device: 'eth1' }])).to.deep.equal([])
    expect(withRoutes([{ destination: '0.0.0.0/1', device: 'tun0' }])).to.deep.equal([])
    const found = await findingsWhere('standard-conformant')
    expect(found.map(({ code }) => code)).to.not.include('route-into-network')
  })
})
