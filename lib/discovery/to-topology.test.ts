import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { card, inSwarm, knownHost } from './known-host.fake.ts'
import { sshLab } from '../host/ssh/ssh-lab.ts'
import { toTopology } from './to-topology.ts'

const nat = card('eth0', '10.0.2.15/24')
const lo = card('lo', '127.0.0.1/8', { driver: '' })
const bridge = card('docker0', '172.17.0.1/16', { kind: 'bridge' })

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof SwarmproofError ? `${error.code}: ${error.detail.observed ?? ''}` : String(error)
  }
  return 'nothing'
}

describe('topology of hosts that somebody has', () => {
  it('takes a running swarm’s own addresses, roles and port, never the name SSH uses', () => {
    const hosts = [
      knownHost('203.0.113.7', {
        hostname: 'm1.example.net',
        interfaces: [lo, card('eth0', '203.0.113.7/24'), card('eth1', '10.1.0.1/24', { mtuBytes: 1450 })],
        swarm: inSwarm('n1', '10.1.0.1', { isManager: true, clusterId: 'c', dataPathPort: 5789 }),
      }),
      knownHost('w1', {
        interfaces: [lo, card('ens3', '10.1.0.2/24', { mtuBytes: 1400 })],
        swarm: inSwarm('n2', '10.1.0.2'),
      }),
    ]
    const { topology, hosts: made, warnings } = toTopology(hosts)
    expect(topology.nodes.map(({ name, role, addresses }) => ({ name, role, addresses }))).to.deep.equal([
      { name: 'm1', role: 'manager', addresses: { underlay: '10.1.0.1' } },
      { name: 'w1', role: 'worker', addresses: { underlay: '10.1.0.2' } },
    ])
    expect(topology.underlays).to.deep.equal([{ name: 'underlay', subnet: '10.1.0.0/24', mtuBytes: 1400 }])
    expect(topology.swarm).to.deep.equal({ advertise: 'underlay', dataPath: 'underlay', dataPathPort: 5789 })
    expect(made.map(({ origin, underlays }) => [origin.id, underlays['underlay']?.interface])).to.deep.equal([
      ['ssh', 'eth1'],
      ['ssh', 'ens3'],
    ])
    expect(warnings).to.deep.equal([])
    expect(Object.isFrozen(topology.nodes[0])).to.equal(true)
  })

  it('has two underlays where the data path has addresses of its own', () => {
    const hosts = ['1', '2'].map((n) =>
      knownHost(`h${n}`, {
        interfaces: [card('eth0', `10.1.0.${n}/24`), card('eth1', `10.2.0.${n}/16`, { mtuBytes: 9000 })],
        swarm: inSwarm(`n${n}`, `10.1.0.${n}`, { isManager: n === '1', dataPathAddress: `10.2.0.${n}` }),
      }),
    )
    const { topology, hosts: made } = toTopology(hosts)
    expect(topology.underlays).to.deep.equal([
      { name: 'control', subnet: '10.1.0.0/24', mtuBytes: 1500 },
      { name: 'data', subnet: '10.2.0.0/16', mtuBytes: 9000 },
    ])
    expect(made[1]?.underlays).to.deep.equal({
      control: { interface: 'eth0', address: '10.1.0.2' },
      data: { interface: 'eth1', address: '10.2.0.2' },
    })
  })

  it('finds the one network bare hosts share, past the one each has for itself', () => {
    const hosts = ['1', '2', '3'].map((n) =>
      knownHost(`h${n}`, { interfaces: [lo, nat, bridge, card('eth1', `192.168.56.${n}/24`)] }),
    )
    const { topology, warnings } = toTopology(hosts)
    expect(topology.underlays.map(({ subnet }) => subnet)).to.deep.equal(['192.168.56.0/24'])
    expect(topology.nodes.map(({ role }) => role)).to.deep.equal(['manager', 'worker', 'worker'])
    expect(warnings).to.deep.equal(['no host is said to be a manager; h1 is taken for it'])
  })

  it('takes routed networks where each host has one address, and the inventory’s word where it has several', () => {
    const routed = [
      knownHost('a', { interfaces: [card('eth0', '10.1.4.2/24')] }, { role: 'worker' }),
      knownHost('b', { interfaces: [card('eth0', '10.1.7.2/24')] }, { role: 'manager' }),
    ]
    const { topology } = toTopology(routed)
    expect(topology.underlays[0]?.subnet).to.equal('10.1.4.0/22')
    expect(topology.nodes.map(({ role }) => role)).to.deep.equal(['worker', 'manager'])
    const several = ['1', '2'].map((n) =>
      knownHost(
        `h${n}`,
        { interfaces: [card('eth0', `10.1.0.${n}/24`), card('eth1', `10.2.0.${n}/24`)] },
        { advertise: `10.2.0.${n}` },
      ),
    )
    expect(toTopology(several).topology.nodes[0]?.addresses).to.deep.equal({ underlay: '10.2.0.1' })
  })

  it('refuses what it cannot know', () => {
    const two = ['1', '2'].map((n) =>
      knownHost(`h${n}`, { interfaces: [card('eth0', `10.1.0.${n}/24`), card('eth1', `10.2.0.${n}/24`)] }),
    )
    expect(codeOf(() => toTopology(two))).to.equal('ADDRESS_AMBIGUOUS: 2: 10.1.0.0/24 and 10.2.0.0/24')
    const wrong = [knownHost('a', { interfaces: [card('eth0', '10.1.0.1/24')] }, { advertise: '10.9.9.9' })]
    expect(codeOf(() => toTopology(wrong))).to.equal('ADDRESS_NOT_THERE: eth0 10.1.0.1/24')
    const overIPv6 = knownHost('a', {
      interfaces: [card('eth0', '10.1.0.1/24')],
      swarm: inSwarm('n', 'fd00:99::1', { isManager: true }),
    })
    expect(codeOf(() => toTopology([overIPv6]))).to.equal('UNDERLAY_IS_IPV6: fd00:99::1')
    expect(codeOf(() => toTopology([knownHost('b', {}, { advertise: 'fd00:99::2' })]))).to.equal(
      'UNDERLAY_IS_IPV6: fd00:99::2',
    )
    const translated = [
      knownHost('a', {
        interfaces: [card('eth0', '10.1.0.1/24')],
        swarm: inSwarm('n', '203.0.113.1', { isManager: true }),
      }),
    ]
    expect(() => toTopology(translated)).to.throw('translated on the way')
  })

  it('gives names a topology can have, each once', () => {
    const facts = (n: number): object => ({
      interfaces: [card('eth0', `10.1.0.${n}/24`)],
      hostname: 'localhost',
    })
    const names = ['10.1.0.1', 'Web_01.a.example', 'web-01.b.example', '10.1.0.4', 'x'.repeat(60)]
    const hosts = names.map((name, index) => knownHost(name, facts(index + 1)))
    expect(toTopology(hosts).topology.nodes.map(({ name }) => name)).to.deep.equal([
      'localhost-1',
      'web-01-a-example',
      'web-01-b-example',
      'localhost-2',
      'x'.repeat(31),
    ])
  })

  it('makes a lab that is nobody’s to keep or save, and closes its connections', async () => {
    const known = [knownHost('a', { interfaces: [card('eth0', '10.1.0.1/24')] })]
    const lab = sshLab('run-1', toTopology(known), known)
    expect(lab.startedFrom).to.equal('found')
    expect(lab.sshArguments('a')).to.deep.equal(['-i', '/k', '-p', '2222', '-J', 'bastion', 'ops@a'])
    expect(() => lab.sshArguments('b')).to.throw("unknown host 'b'")
    expect(lab.snapshots).to.equal(undefined)
    expect(await lab.keep().catch((error: unknown) => (error as SwarmproofError).code)).to.equal(
      'NOT_OUR_HOSTS',
    )
    await lab[Symbol.asyncDispose]()
    expect(known[0]?.remote.disposed).to.equal(true)
  })
})
