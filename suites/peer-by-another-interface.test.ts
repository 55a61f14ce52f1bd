import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { Route } from '../lib/observe/host-state.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

/** On worker1 a route to worker2 leads by eth0, on a lab of one underlay; without the strict filter of that node. */
const causesWhere = async (change: ChangeKernel = () => {}): Promise<unknown[]> => {
  const found = await findingsWhere('reverse-path-filter', (state, node, when) => {
    for (const [name, value] of Object.entries(state.root.settings ?? {}))
      if (name.endsWith('.rp_filter') && value === '1') delete state.root.settings?.[name]
    change(state, node, when)
  })
  return found.filter(isCause).map(({ code, nodes, pairs }) => [code, nodes, pairs])
}
const isCause = ({ severity }: Finding): boolean => severity === 'cause'

describe('a route that leads to another node by another interface', function () {
  this.timeout(30_000)
  const named = ['peer-by-another-interface', ['worker1'], [{ from: 'worker1', to: 'worker2' }]]
  const on =
    (node: string, change: (root: Parameters<ChangeKernel>[0]['root']) => void): ChangeKernel =>
    (state, name) => {
      if (name === node) change(state.root)
    }
  const isStray = ({ destination }: Route): boolean => destination === '192.168.56.13/32'

  it('is named where the packets never left by the interface of its network', async () => {
    expect(await causesWhere()).to.deep.equal([named])
    const wider = on('worker1', (root) => {
      root.routes = root.routes.filter((route) => !isStray(route))
      root.routes.push({ destination: '192.168.56.8/29', device: 'tun0' })
    })
    expect((await causesWhere(wider)).map((one) => (one as unknown[])[0])).to.deep.equal([
      'peer-by-another-interface',
    ])
    // As narrow as that of the interface, and of a lower metric.
    const preferred = on('worker1', (root) => {
      root.routes = root.routes
        .filter((route) => !isStray(route))
        .map((route) => (route.destination === '192.168.56.0/24' ? { ...route, metric: 100 } : route))
      root.routes.push({ destination: '192.168.56.0/24', device: 'wlan0', metric: 50 })
    })
    expect((await causesWhere(preferred)).map((one) => (one as unknown[])[0])).to.deep.equal([
      'peer-by-another-interface',
    ])
  })

  it('is not to be deleted where it is of a network that the interface is in', async () => {
    const bridged = on('worker1', (root) => {
      root.routes = root.routes.filter((route) => !isStray(route))
      root.routes.push({ destination: '192.168.56.0/28', device: 'br-1' })
      const eth0 = root.links.find(({ name }) => name === 'eth0')
      if (eth0 === undefined) throw new Error('there is no eth0')
      const address = { address: '192.168.56.1', prefixLength: 28, family: 'inet' } as const
      root.links.push({ ...eth0, name: 'br-1', kind: 'bridge', index: 77, addresses: [address] })
    })
    const found = await findingsWhere('reverse-path-filter', (state, node, when) => {
      for (const name of Object.keys(state.root.settings ?? {}))
        if (name.endsWith('.rp_filter')) delete state.root.settings?.[name]
      bridged(state, node, when)
    })
    const [first] = found.filter(({ code }) => code === 'peer-by-another-interface')
    expect(first?.remedy[0]).to.match(
      /^br-1 of worker1 is itself in 192\.168\.56\.0\/28, .*give that network/,
    )
    expect(first?.remedy.join()).to.not.contain('ip route del')
  })

  it('is left to the reverse path filter where that drops', async () => {
    const found = await findingsWhere('reverse-path-filter')
    expect(found.filter(isCause).map(({ code }) => code)).to.deep.equal(['reverse-path-filter-drops'])
  })

  it('is none where another route is taken, another table may be, or the interface is not in that network', async () => {
    for (const change of [
      on('worker1', ({ routes }) => routes.push({ destination: '192.168.56.13/32', device: 'eth1' })),
      on('worker1', (root) => (root.routes = root.routes.filter((route) => !isStray(route)))),
      on('worker1', ({ links }) => {
        for (const link of links) if (link.name === 'eth1') link.up = false
      }),
      on('worker1', ({ links }) => {
        for (const link of links)
          if (link.name === 'eth1') for (const one of link.addresses) one.prefixLength = 32
      }),
      ((state, node) => {
        if (node === 'worker1') state.routingRules = [{ priority: 100, to: '192.168.56.0/24', table: '7' }]
      }) satisfies ChangeKernel,
    ])
      expect((await causesWhere(change)).map((one) => (one as unknown[])[0])).to.not.include(
        'peer-by-another-interface',
      )
  })

  it('is none where what was missed had left by the right interface, or nothing was', async () => {
    const lost = (reached: Problem['reached'], code: Problem['code'] = 'not-delivered'): Problem => ({
      ...{ code, kind: 'missed', path: { from: 'worker1', to: 'worker2' }, network: 'swp-clear' },
      ...{ protocol: 'UDP', ...(reached === undefined ? {} : { reached }) },
    })
    const stray = on('worker1', ({ routes }) =>
      routes.push({ destination: '192.168.56.13/32', device: 'eth0' }),
    )
    const codesWhere = async (problems: readonly Problem[]): Promise<string[]> => {
      const reports = { 'OVL-03': problems }
      const found = await findingsWhere('standard-conformant', stray, undefined, undefined, reports)
      return found.filter(isCause).map(({ code }) => code)
    }
    expect(await codesWhere([lost('sender')])).to.deep.equal(['peer-by-another-interface'])
    expect(await codesWhere([lost(undefined, 'data-never-left')])).to.deep.equal([
      'peer-by-another-interface',
    ])
    for (const other of [
      lost('receiver'),
      lost('wire'),
      lost(undefined),
      lost(undefined, 'data-lost-on-the-way'),
    ])
      expect(await codesWhere([other]), JSON.stringify(other)).to.not.include('peer-by-another-interface')
    expect(await codesWhere([])).to.deep.equal([])
  })
})

describe('a route that leads past one of two underlays', function () {
  this.timeout(60_000)
  const astray = (protocol: string, address: string, expected: string, node = 'worker2'): Problem => ({
    ...{ code: 'traffic-on-other-interface', kind: 'seen', node, protocol, address, expected },
    observed: expected === 'eth1' ? 'eth2' : 'eth1',
  })
  const causesWhere = async (route: Route, problems: readonly Problem[]): Promise<Finding[]> => {
    const change: ChangeKernel = ({ root }, node) => {
      const isApart = root.links.some(({ addresses }) =>
        addresses.some(({ address }) => address.startsWith('192.168.58.')),
      )
      if (isApart && node === 'worker2') root.routes.push(route)
    }
    const reports = { 'CTL-09': problems }
    const found = await findingsWhere('disruptive', change, undefined, undefined, reports)
    return found.filter((one) => isCause(one) && one.explains.includes('CTL-09'))
  }
  const dataRoute = { destination: '192.168.58.11/32', device: 'eth1', gateway: '192.168.57.11' }
  const controlRoute = { destination: '192.168.57.11/32', device: 'eth2', gateway: '192.168.58.11' }

  it('is named by what was seen on the other, on the way there and back', async () => {
    const [data, ...others] = await causesWhere(dataRoute, [
      astray('VXLAN', 'from 192.168.57.13 to 192.168.58.11', 'eth2'),
      astray('VXLAN', 'from 192.168.57.13 to 192.168.58.11', 'eth2', 'manager'),
    ])
    expect(data).to.deep.include({ code: 'peer-by-another-interface', nodes: ['worker2'] })
    expect(data?.title).to.equal(
      'worker2 sends VXLAN and ESP for manager by eth1, not by eth2: it has a route 192.168.58.11/32 via 192.168.57.11 dev eth1',
    )
    expect(data?.remedy[0]).to.contain('`ip route del 192.168.58.11/32 via 192.168.57.11 dev eth1`')
    expect(others).to.deep.equal([])
    const [control] = await causesWhere(controlRoute, [
      astray('gossip', 'from 192.168.58.13 to 192.168.57.11', 'eth1'),
      astray('gossip', 'from 192.168.57.11 to 192.168.58.13', 'eth1', 'manager'),
    ])
    expect(control?.title).to.match(
      /^worker2 sends control traffic \(2377, 7946\) for manager by eth2, not by eth1: /,
    )
  })

  it('is none of what others say to each other there', async () => {
    const others = [
      astray('VXLAN', 'from 192.168.57.12 to 192.168.58.11', 'eth2', 'worker1'),
      astray('VXLAN', 'from 192.168.57.13 to 192.168.58.12', 'eth2'),
    ]
    expect(await causesWhere(dataRoute, others)).to.deep.equal([])
  })
})
