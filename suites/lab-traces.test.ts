import { expect } from 'chai'
import type { HostState, NamespaceState } from '../lib/observe/host-state.ts'
import { hostState, link, namespace } from './host-states.fake.ts'
import { queueingTraces, stateTraces, traceChanges } from './lab-traces.ts'

const rule = (position: number, text: string): NamespaceState['firewall'][number] => ({
  ...{ table: 'filter', chain: 'INPUT', position, rule: text, packets: position, bytes: 1 },
})

function state(change: (root: NamespaceState) => Partial<NamespaceState> = () => ({})): HostState {
  const root: NamespaceState = {
    ...namespace([link('eth1', 1500, { addresses: ['192.168.56.13/24'] })]),
    routes: [{ destination: 'default', device: 'eth0', gateway: '10.0.2.2' }],
    firewall: [rule(1, '-p esp -j ACCEPT'), rule(2, '-j DOCKER')],
    neighbours: [
      { address: '10.91.1.4', mac: '02:42:0a:5b:01:04', device: 'vxlan0', state: 'PERMANENT' },
      { address: '192.168.56.11', mac: '52:54:00:01:01:01', device: 'eth1', state: 'REACHABLE' },
    ],
    fdb: [
      { mac: '02:42:0a:5b:01:04', device: 'vxlan0', vtep: '192.168.56.11', permanent: true },
      { mac: '02:42:0a:5b:01:09', device: 'vxlan0', permanent: false },
    ],
    ipvs: [
      {
        ...{ firewallMark: 259, scheduler: 'rr' },
        destinations: [{ address: '10.91.1.4', weight: 1, forwarding: 'Masq' }],
      },
    ],
  }
  return hostState('worker2', { ...root, ...change(root) })
}

const changes = (change: (root: NamespaceState) => Partial<NamespaceState>): string[] =>
  traceChanges(stateTraces(state()), stateTraces(state(change)))

describe('what a defect can leave behind', () => {
  it('is told with its place: rules, links, routes, balancers, entries', () => {
    expect(changes(({ firewall }) => ({ firewall: firewall.slice(0, 1) }))).to.deep.equal([
      'gone: worker2, the host: rule 2 of filter INPUT: -j DOCKER',
    ])
    expect(
      changes(() => ({ links: [link('eth1', 1400, { addresses: ['192.168.56.13/24'] })] })),
    ).to.deep.equal([
      'gone: worker2, the host: link eth1, MTU 1500, up, 192.168.56.13/24',
      'new: worker2, the host: link eth1, MTU 1400, up, 192.168.56.13/24',
    ])
    expect(changes(() => ({ routes: [] }))).to.deep.equal([
      'gone: worker2, the host: route default by eth0 10.0.2.2',
    ])
    expect(changes(() => ({ ipvs: [] }))).to.have.lengthOf(1)
    expect(changes(() => ({ neighbours: [] }))).to.have.lengthOf(1)
    expect(changes(() => ({ fdb: [] }))).to.have.lengthOf(1)
    expect(changes(() => ({ settings: { 'net.ipv4.ip_forward': '0' } }))).to.deep.equal([
      'new: worker2, the host: setting net.ipv4.ip_forward is 0',
    ])
    const chain = { family: 'inet', table: 'operator', chain: 'drops', policy: 'accept', rules: [] }
    expect(changes(() => ({ nftables: [chain] }))).to.deep.equal([
      'new: worker2, the host: 0 rules in inet operator drops accept',
    ])
  })

  it('is told of rules that changed places, and of one that is there twice', () => {
    const swapped = changes(() => ({ firewall: [rule(1, '-j DOCKER'), rule(2, '-p esp -j ACCEPT')] }))
    expect(swapped).to.have.lengthOf(4)
    expect(traceChanges(['a'], ['a', 'a'])).to.deep.equal(['new: a'])
    expect(traceChanges(['a', 'a'], ['a'])).to.deep.equal(['gone: a'])
  })

  it('is not what counts on or is learnt', () => {
    const counted = (root: NamespaceState): Partial<NamespaceState> => ({
      firewall: root.firewall.map((one) => ({ ...one, packets: one.packets + 7, bytes: 9 })),
      neighbours: root.neighbours.filter(({ state: is }) => is === 'PERMANENT'),
      fdb: root.fdb.filter(({ permanent }) => permanent),
      settings: { 'net.netfilter.nf_conntrack_count': '77' },
    })
    expect(changes(counted)).to.deep.equal([])
  })

  it('is told of namespaces, of IPsec and of queueing disciplines', () => {
    const left = hostState('worker2', state().root, { '1-swarmproof': namespace([]) })
    expect(traceChanges(stateTraces(state()), stateTraces(left))).to.deep.equal([
      'new: worker2: namespace 1-swarmproof',
    ])
    const policy = {
      direction: 'out' as const,
      source: '192.168.56.13',
      destination: '192.168.56.11',
      protocol: 'udp',
    }
    expect(
      traceChanges(stateTraces({ ...state(), securityPolicies: [policy] }), stateTraces(state())),
    ).to.have.lengthOf(1)
    // As tc prints them on a host of a lab, without a discipline of ours and with one.
    const usual =
      'qdisc noqueue 0: dev lo root refcnt 2 \nqdisc fq_codel 0: dev eth1 root refcnt 2 limit 10240p flows 1024 quantum 1514 target 5ms interval 100ms memory_limit 32Mb ecn drop_batch 64 \n'
    const planted =
      'qdisc noqueue 0: dev lo root refcnt 2 \nqdisc netem 8001: dev eth1 root refcnt 2 limit 1000 duplicate 50% seed 18041852108139978416\n'
    expect(queueingTraces('worker2', usual)).to.deep.equal([
      ...['worker2: lo queues by noqueue', 'worker2: eth1 queues by fq_codel'],
    ])
    expect(traceChanges(queueingTraces('worker2', usual), queueingTraces('worker2', planted))).to.deep.equal([
      ...['gone: worker2: eth1 queues by fq_codel', 'new: worker2: eth1 queues by netem'],
    ])
  })
})
