import { expect } from 'chai'
import type { HostFacts } from '../discovery/host-facts.ts'
import { hostFindings } from './host-findings.ts'
import { card, factsOf, knownHost } from '../discovery/known-host.fake.ts'
import { twins } from '../discovery/overlaps.ts'
import { chooseAddresses } from '../discovery/own-addresses.ts'

const sound = {
  interfaces: [card('eth0', '192.168.5.1/24')],
  routes: [{ destination: '192.168.5.0/24', device: 'eth0' }],
}

function findings(more: Partial<HostFacts>): string[] {
  const host = knownHost('a', { ...sound, ...more })
  return hostFindings(host, chooseAddresses([host]).get(host))
    .filter(({ status }) => status !== 'ok')
    .map(({ status, name, detail, hint }) => `${status} ${name}: ${detail} -> ${hint ?? ''}`)
}

describe('findings on a host', () => {
  it('are none on a sound one', () => {
    expect(findings({})).to.deep.equal([])
  })

  it('name modules by what fails without them', () => {
    const { modules } = factsOf('a')
    const found = findings({
      modules: { ...modules, ip_vs: 'missing', esp4: 'missing', xt_u32: 'missing', vxlan: 'missing' },
    })
    expect(found.map((text) => text.split(' will fail')[0])).to.deep.equal([
      'missing module vxlan: the kernel has none: overlay networks',
      'warning module ip_vs: the kernel has none: virtual IPs, balancing and the routing mesh',
      'warning module esp4: the kernel has none: encrypted overlays',
    ])
  })

  it('name settings of the engine that a swarm does not work with', () => {
    const { engine, tools } = factsOf('a')
    const withNft = { ...tools, nft: '/usr/sbin/nft' }
    const of = (more: object, present: typeof tools = withNft): string[] =>
      findings({ engine: { ...engine, ...more }, tools: present }).map(
        (text) => text.split(',')[0]?.split(' ->')[0] ?? '',
      )
    expect(of({ securityOptions: ['name=seccomp,profile=builtin', 'name=rootless'] })).to.deep.equal([
      'missing engine settings: it runs in rootless mode',
    ])
    expect(of({ rootDirectory: '/var/snap/docker/common/var-lib-docker' })).to.deep.equal([
      'missing engine settings: it is a snap',
    ])
    expect(of({ liveRestore: true })).to.deep.equal(['missing engine settings: live-restore is on'])
    for (const firewallBackend of ['nftables', 'nftables+firewalld']) {
      expect(of({ firewallBackend })[0]).to.match(
        /^warning engine settings: its firewall backend is nftables/,
      )
      expect(of({ firewallBackend }, tools)[0]).to.match(/^missing engine settings: its firewall backend/)
    }
    expect(of({ firewallBackend: 'iptables', securityOptions: ['name=cgroupns'] })).to.deep.equal([])
  })

  it('name packages of tools, and which are indispensable', () => {
    const { tools } = factsOf('a')
    expect(findings({ tools: { ...tools, tcpdump: undefined, ipvsadm: undefined } })[0]).to.equal(
      'warning tools: without tcpdump, ipvsadm: requirements that need them are skipped by name -> apt-get install --no-install-recommends tcpdump ipvsadm, or give --toolbox-image',
    )
    expect(findings({ tools: { ...tools, perl: undefined } })[0]).to.match(/^missing tools: without perl ->/)
  })

  it('name offloads, small MTUs, clocks and engines that break things', () => {
    const bad = card('ens192', '192.168.5.1/24', {
      driver: 'vmxnet3',
      mtuBytes: 1400,
      offloads: ['tx-checksum-ip-generic'],
    })
    expect(findings({ interfaces: [bad], clock: { offsetMs: -5000, uncertaintyMs: 20 } })).to.deep.equal([
      "warning clock: 5000 ms behind this machine's (± 20 ms) -> let chrony or systemd-timesyncd set it; certificates of a swarm depend on it",
      'warning MTU: 1400 on ens192: overlays take 1500 for granted -> make networks with --opt com.docker.network.driver.mtu=1400, ingress too',
      'warning offloads: vmxnet3 computes checksums on ens192: over VXLAN, pings pass and TCP fails -> ethtool -K ens192 tx-checksum-ip-generic off',
    ])
    const engine = (version: string): number =>
      findings({ engine: { ...factsOf('a').engine, version } }).length
    expect(['20.10.23', '20.10.24+dfsg1', '23.0.2', '23.0.3', '19.03.5', '28.5.2'].map(engine)).to.deep.equal(
      [1, 0, 1, 0, 1, 0],
    )
  })

  it('name networks that overlap what the host reaches', () => {
    const routes = [
      ...sound.routes,
      { destination: '172.17.5.0/24', device: 'tun0' },
      { destination: '172.17.0.0/16', device: 'docker0' },
    ]
    const networks = [{ name: 'bridge', driver: 'bridge', scope: 'local', subnets: ['172.17.0.0/16'] }]
    expect(findings({ routes, networks })[0]).to.contain(
      'network bridge (172.17.0.0/16) overlaps 172.17.5.0/24, which tun0 leads to',
    )
    const ingress = findings({ routes: [{ destination: '10.0.0.0/16', device: 'eth0' }] })
    expect(ingress[0]).to.contain('the ingress network a new swarm makes (10.0.0.0/24) overlaps 10.0.0.0/16')
  })

  it('tell one machine under two names from a clone', () => {
    const one = { machineId: 'x', bootId: 'b', interfaces: [card('eth0', '10.1.0.1/24')] }
    const clone = { machineId: 'x', interfaces: [card('eth0', '10.1.0.2/24')] }
    const told = twins([knownHost('a', one), knownHost('b', one), knownHost('c', clone)])
    expect(told.map(({ host, isOne }) => [host, isOne])).to.deep.equal([
      ['b', true],
      ['c', false],
    ])
  })
})
