import { expect } from 'chai'
import { card, inSwarm, knownHost, noSwarm } from '../discovery/known-host.fake.ts'
import type { HostFacts } from '../discovery/host-facts.ts'
import { overlapsOf } from '../discovery/overlaps.ts'
import { hostsTogether, requireReady } from './hosts-together.ts'
import { poolsTaken } from './pools-taken.ts'

const last = { manager: 11, worker1: 12, worker2: 13 }

function node(name: keyof typeof last, more: Partial<HostFacts> = {}) {
  return knownHost(name, {
    interfaces: [card('eth0', `172.31.250.${last[name]}/24`), card('eth1', `192.168.56.${last[name]}/24`)],
    swarm: inSwarm(`id-of-${name}`, `192.168.56.${last[name]}`, { isManager: name === 'manager' }),
    networks: [{ name: 'app', driver: 'overlay', scope: 'swarm', subnets: ['10.0.4.0/24'], vnis: [4102] }],
    ...more,
  })
}

const told = (hosts: Parameters<typeof hostsTogether>[0]): string[] =>
  hostsTogether(hosts)
    .filter(({ status }) => status !== 'ok')
    .map(({ host, status, name, detail }) => `${host} ${status} ${name}: ${detail}`)

const calico = { name: 'vxlan.calico', up: true, vni: 4096, port: 4789 }

describe('hosts that are to be or are a swarm', () => {
  it('have nothing in the way where all is as usual', () => {
    expect(told([node('manager'), node('worker1'), node('worker2')])).to.deep.equal([])
  })

  it('name the device that has the VNI of ingress, before there is a swarm', () => {
    const bare = (name: keyof typeof last, more: Partial<HostFacts> = {}) =>
      node(name, { swarm: noSwarm, networks: [], ...more })
    const found = hostsTogether([bare('manager'), bare('worker2', { vxlanDevices: [calico] })])
    expect(found[0]).to.deep.include({ host: 'worker2', status: 'missing', name: 'VXLAN' })
    expect(found[0]?.detail).to.match(
      /^vxlan\.calico holds VNI 4096 on UDP 4789, which the network ingress needs/,
    )
    expect(found[0]?.hint).to.contain('ip link del vxlan.calico')
    for (const other of [{ vni: 1 }, { port: 8472 }, { vni: 4097 }])
      expect(
        told([bare('manager'), bare('worker2', { vxlanDevices: [{ ...calico, ...other }] })]),
      ).to.deep.equal([])
    const any = { name: 'vxlan_sys_4789', up: true, vni: 0, port: 4789, receives: ['external'] }
    expect(told([bare('manager'), bare('worker2', { vxlanDevices: [any] })])[0]).to.match(
      /^worker2 missing VXLAN: vxlan_sys_4789 receives VXLAN on UDP 4789 \(external\), which every network/,
    )
    expect(told([bare('worker2', { vxlanDevices: [{ ...any, up: false }] })])).to.deep.equal([])
  })

  it('name the device that has the VNI of a network, which the manager alone may know', () => {
    const left = { name: 'vx-00100a-app12', up: true, vni: 4102, port: 4789 }
    const at = (port: number) => [
      node('manager', { swarm: inSwarm('m', '192.168.56.11', { isManager: true, dataPathPort: port }) }),
      node('worker2', { vxlanDevices: [left], networks: [] }),
    ]
    expect(told(at(4789))[0]).to.match(
      /^worker2 warning VXLAN: vx-00100a-app12 holds VNI 4102 on UDP 4789, which the network app needs/,
    )
    expect(told(at(7789))).to.deep.equal([])
  })

  it('name the node that advertises another kind of address', () => {
    const other = node('worker2', { swarm: inSwarm('w2', '172.31.250.13') })
    expect(told([node('manager'), node('worker1'), other])).to.deep.equal([
      'worker2 warning addresses: advertises 172.31.250.13 (eth0), while manager, worker1 advertise addresses of 192.168.56.0/24, where it has 192.168.56.13 (eth1): frames between them leave with addresses the other side does not expect',
    ])
  })

  it('say which clients published ports do not answer', () => {
    const [ingress] = hostsTogether([node('worker1', { swarm: noSwarm, networks: [] })])
    expect(ingress).to.include({ name: 'ingress', status: 'ok' })
    expect(ingress?.detail).to.match(/^a new swarm makes it 10\.0\.0\.0\/24/)
  })
})

describe('before anything is created', () => {
  const bare = (more: Partial<HostFacts> = {}) => node('worker2', { swarm: noSwarm, networks: [], ...more })

  it('a swarm is refused that could not work, with the device or the routes', () => {
    expect(() => requireReady([node('manager', { swarm: noSwarm }), bare({ vxlanDevices: [calico] })], true))
      .to.throw('vxlan.calico holds VNI 4096')
      .with.property('code', 'HOSTS_NOT_READY')
    expect(() => requireReady([bare({ routes: halves })], true)).to.throw('128.0.0.0/1 dev tun0')
    expect(requireReady([bare()], true)).to.deep.equal([])
  })

  it('what a running swarm lacks is said', () => {
    const left = { name: 'vx-00100a-app12', up: true, vni: 4102, port: 4789 }
    expect(requireReady([node('manager'), node('worker2', { vxlanDevices: [left] })], false)[0]).to.match(
      /^worker2: vx-00100a-app12 holds VNI 4102 .*; if nothing needs it: ip link del vx-00100a-app12/,
    )
  })
})

const halves = ['0.0.0.0/1', '128.0.0.0/1'].map((destination) => ({ destination, device: 'tun0' }))

describe('the address pools of a host', () => {
  it('are used up by routes of a VPN: no docker_gwbridge can be made', () => {
    const [found] = poolsTaken(node('worker2', { swarm: noSwarm, networks: [], routes: halves }))
    expect(found).to.include({ name: 'address pools', status: 'missing' })
    expect(found?.detail).to.contain('128.0.0.0/1 dev tun0')
    expect(found?.hint).to.match(/docker network create --subnet SUBNET .*docker_gwbridge$/)
  })

  it('are what such routes use up; they overlap no network', () => {
    const networks = [{ name: 'ingress', driver: 'overlay', scope: 'swarm', subnets: ['10.0.0.0/24'] }]
    expect(overlapsOf(node('worker2', { networks, routes: halves }))).to.deep.equal([])
    const wide = [{ destination: '10.0.0.0/8', device: 'tun0' }]
    expect(overlapsOf(node('worker2', { networks, routes: wide }))).to.have.lengthOf(1)
  })

  it('matter less where the bridge is there, and not at all where a pool is free', () => {
    const bridge = { name: 'docker_gwbridge', driver: 'bridge', scope: 'local', subnets: ['172.18.0.0/16'] }
    expect(poolsTaken(node('worker2', { networks: [bridge], routes: halves }))[0]?.status).to.equal('warning')
    expect(
      poolsTaken(node('worker2', { routes: [{ destination: '10.0.0.0/8', device: 'tun0' }] })),
    ).to.deep.equal([])
  })
})
