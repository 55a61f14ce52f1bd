import { expect } from 'chai'
import type { FirewallRule, NamespaceState } from '../lib/observe/host-state.ts'
import { parseNftables } from '../lib/observe/nftables.ts'
import { recorded } from '../lib/observe/recorded/recorded.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'
import type { Problem } from '../lib/observation/problem.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

type Chosen = (name: string, namespace: Changeable<NamespaceState>) => boolean

/** Those of tasks have an interface for each network, and one to docker_gwbridge. */
const ofTask: Chosen = (name, { links }) => !/^(\d+-|lb_|ingress_sbox)/.test(name) && links.length > 1
const ofBalancer: Chosen = (name) => name.startsWith('lb_')

/** The same failures of worker1, with a rule in namespaces of its own and no balancer that has other settings. */
const dropping =
  (which: Chosen, rule: string, counted: number, chain = 'INPUT'): ChangeKernel =>
  ({ namespaces }, node, reading) => {
    for (const [name, inside] of Object.entries(namespaces)) {
      if (inside.settings !== undefined) inside.settings['net.ipv4.ip_forward'] = '1'
      if (node !== 'worker1' || !which(name, inside)) continue
      const packets = reading === 'kernel' ? 4 : 4 + counted
      const placed: FirewallRule = { table: 'filter', chain, position: 1, rule, packets, bytes: 60 * packets }
      inside.firewall = [placed, ...inside.firewall]
    }
  }

async function codes(run: string, change: ChangeKernel): Promise<string[]> {
  return (await findingsWhere(run, change)).map(({ code }) => code)
}

describe('a firewall rule in a namespace that counted something else', () => {
  const run = 'balancer-forwarding-off'

  it('is the cause where it drops what was missed: by protocol, by port, on the way back', async () => {
    const named = ['namespace-firewall-drops']
    for (const [which, rule, chain] of [
      [ofBalancer, '-p tcp -j DROP', 'FORWARD'],
      [ofTask, '-p tcp -m multiport --dports 80,7010 -j DROP', 'OUTPUT'],
      [ofTask, '-p tcp -m multiport --sports 80,7010 -j REJECT --reject-with tcp-reset', 'INPUT'],
    ] as const)
      expect(await codes(run, dropping(which, rule, 70, chain)), rule).to.deep.equal(named)
  })

  it('is none of another port, protocol, or of addresses outside the swarm, however often it counted', async () => {
    for (const rule of [
      '-p tcp -m tcp --dport 22 -j DROP',
      '-p udp -j DROP',
      '-s 203.0.113.7/32 -j REJECT --reject-with icmp-port-unreachable',
    ])
      expect(await codes(run, dropping(ofTask, rule, 5000)), rule).to.deep.equal([])
  })

  it('is none that counted less than was missed', async () => {
    expect(await codes(run, dropping(ofBalancer, '-p tcp -j DROP', 2, 'FORWARD'))).to.deep.equal([])
  })

  it('is none where other protocols are silent on the same way, too', async () => {
    const found = await codes('traffic-control-drops', dropping(ofTask, '-p tcp -j DROP', 5000))
    expect(found).to.deep.equal(['arrives-undelivered'])
  })

  it('is none in a namespace of another task, on the same network or another', async () => {
    for (const beginning of ['10.0.0.6', '10.91.2.']) {
      const other: Chosen = (name, inside) => ofTask(name, inside) && hasAddress(inside, beginning)
      expect(await codes(run, dropping(other, '-p tcp -j DROP', 5000)), beginning).to.deep.equal([])
    }
    const own: Chosen = (name, inside) => ofTask(name, inside) && hasAddress(inside, '10.91.1.7')
    expect(await codes(run, dropping(own, '-p tcp -j DROP', 5000))).to.deep.equal([
      'namespace-firewall-drops',
    ])
  })

  it('is none of a published port in a namespace that is not on ingress, whoever verified it', () => {
    const silent: Problem = {
      ...{ code: 'port-not-answered', kind: 'missed', node: 'worker1', protocol: 'TCP', port: 8080 },
      path: { from: 'manager', to: 'worker1' },
    }
    const secret: Chosen = (name, inside) =>
      ofTask(name, inside) && hasAddress(inside, '10.91.2.') && !hasAddress(inside, '10.0.0.')
    for (const reports of [{ 'ING-01': [silent] }, { 'RES-03': [{ ...silent, via: 'ING-01' }] }])
      expect(
        causesWhere(reports, dropping(secret, '-p tcp -j DROP', 40)).map(({ code }) => code),
        Object.keys(reports).join(),
      ).to.not.include('namespace-firewall-drops')
  })
})

function hasAddress({ links }: Changeable<NamespaceState>, beginning: string): boolean {
  return links.some(({ addresses }) => addresses.some(({ address }) => address.startsWith(beginning)))
}

describe('a rule in the namespace of an overlay', () => {
  const lost: Problem = {
    ...{ code: 'not-delivered', kind: 'missed', network: 'swp-clear', protocol: 'TCP' },
    path: { from: 'manager', to: 'worker1' },
  }
  const ofOverlay: Chosen = (name, { links }) =>
    /^\d+-/.test(name) &&
    links.some(({ addresses }) => addresses.some(({ address }) => address.startsWith('10.91.1.')))

  it('is the cause where frames are bridged past iptables or a chain of the bridge drops them', () => {
    const rule = '-m physdev --physdev-in vxlan0 --physdev-is-bridged -j DROP'
    const [found] = causesWhere({ 'OVL-03': [lost] }, dropping(ofOverlay, rule, 70, 'FORWARD'))
    expect(found).to.deep.include({ code: 'namespace-firewall-drops', nodes: ['worker1'] })
    expect(found?.cause).to.contain('br_netfilter').and.not.contain('that task')
    expect(found?.remedy.join())
      .to.contain('net.bridge.bridge-nf-call-iptables=0')
      .and.not.contain('NET_ADMIN')
    const bridged: ChangeKernel = ({ namespaces }, node, reading) => {
      for (const [name, inside] of Object.entries(namespaces))
        if (node === 'worker1' && ofOverlay(name, inside)) {
          const all = parseNftables(recorded('nft-below', 'ruleset.json').replaceAll('4789', '80'))
          const [chain] = structuredClone(all.filter((one) => one.chain === 'in'))
          if (chain === undefined) throw new Error('there is no chain')
          const counted = chain.rules.map((one) => ({ ...one, packets: reading === 'kernel' ? 0 : 70 }))
          inside.nftables = [{ ...chain, hook: 'forward', rules: counted }] as NonNullable<
            typeof inside.nftables
          >
        }
    }
    const udp = causesWhere({ 'OVL-03': [{ ...lost, protocol: 'UDP', port: 80 }] }, bridged)
    expect(udp[0]).to.deep.include({ code: 'namespace-firewall-drops', nodes: ['worker1'] })
    expect(udp[0]?.title).to.contain('nft bridge guard in')
  })

  it('is none of another overlay, or of another port', () => {
    const other: Problem = { ...lost, network: 'swp-secret' }
    const rule = '-m physdev --physdev-is-bridged -j DROP'
    expect(causesWhere({ 'OVL-03': [other] }, dropping(ofOverlay, rule, 70, 'FORWARD'))).to.deep.equal([])
    const ofPort = `-p tcp -m tcp --dport 22 ${rule}`
    const atPort: Problem = { ...lost, port: 80 }
    expect(causesWhere({ 'OVL-03': [atPort] }, dropping(ofOverlay, ofPort, 70, 'FORWARD'))).to.deep.equal([])
  })
})
