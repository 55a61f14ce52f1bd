import { expect } from 'chai'
import { clones } from './clones.ts'
import type { HostFacts } from '../discovery/host-facts.ts'
import { card, factsOf, inSwarm, knownHost } from '../discovery/known-host.fake.ts'
import { twins } from '../discovery/overlaps.ts'

const engine = (id: string): Pick<HostFacts, 'engine'> => ({ engine: { ...factsOf('x').engine, id } })
const at = (address: string): Pick<HostFacts, 'interfaces'> => ({
  interfaces: [card('eth0', `${address}/24`)],
})
const rsa = 'ssh-rsa SHA256:r'
const ed25519 = 'ssh-ed25519 SHA256:e'

describe('clones', () => {
  it('are no hosts that share nothing', () => {
    expect(clones([knownHost('a', {}), knownHost('b', {}), knownHost('c', {})])).to.deep.equal([])
    const unknown = { hostKeys: [], ...engine('') }
    expect(clones([knownHost('a', unknown), knownHost('b', unknown)])).to.deep.equal([])
  })

  it('share SSH host keys: once for each group of hosts, with what it means and what to type', () => {
    const hosts = [
      knownHost('a', { hostKeys: [rsa, ed25519], ...at('10.1.0.1') }),
      knownHost('b', { hostKeys: [rsa, ed25519], ...at('10.1.0.2') }),
      knownHost('c', { hostKeys: ['ssh-ed25519 SHA256:own'], ...at('10.1.0.3') }),
      knownHost('d', { hostKeys: [rsa, 'ssh-ed25519 SHA256:new'], ...at('10.1.0.4') }),
    ]
    const found = clones(hosts)
    expect(found.map(({ host, status, detail }) => [host, status, detail])).to.deep.equal([
      [
        'b',
        'warning',
        `a, b, d have the same SSH host key (${rsa}), as clones do: whoever has the key of one can pass for each of them`,
      ],
      [
        'b',
        'warning',
        `a, b have the same SSH host key (${ed25519}), as clones do: whoever has the key of one can pass for each of them`,
      ],
    ])
    expect(found[0]?.hint).to.contain('ssh-keygen -A').and.contain('rm /etc/ssh/ssh_host_*_key*')
  })

  it('share the id of the engine, whose files are named where the engine keeps them', () => {
    const shared = { engine: { ...factsOf('x').engine, id: 'E', rootDirectory: '/data/docker' } }
    const [found, ...others] = clones([knownHost('a', shared), knownHost('b', shared)])
    expect(others).to.deep.equal([])
    expect(found?.detail).to.match(/^a, b have the same engine id \(E\), as clones do: what watches engines/)
    expect(found?.hint).to.contain('rm -f /etc/docker/key.json /data/docker/engine-id')
  })

  it('are not one machine that is reached by two names', () => {
    const one = { machineId: 'm', bootId: 'b', hostKeys: [rsa], ...engine('E'), ...at('10.1.0.1') }
    const hosts = [knownHost('a', one), knownHost('alias', one)]
    expect(clones(hosts)).to.deep.equal([])
    expect(twins(hosts).map(({ isOne, what }) => [isOne, what])).to.deep.equal([
      [true, 'is the same machine as a'],
    ])
    const copy = knownHost('copy', { ...one, bootId: 'c' })
    expect(clones([...hosts, copy]).map(({ detail }) => detail.split(' have')[0])).to.deep.equal([
      'a, copy',
      'a, copy',
    ])
    // The same address, in another network maybe, and started apart: a copy that would get in the other's way.
    expect(twins([hosts[0]!, copy]).map(({ isOne, what }) => [isOne, what])).to.deep.equal([
      [false, 'has the machine-id of a, as clones do: DHCP may give both one address'],
    ])
  })

  it('of a node of a swarm are refused: the swarm takes them for one', () => {
    const node = { swarm: inSwarm('n1', '10.1.0.1') }
    const [twin] = twins([
      knownHost('a', { ...node, ...at('10.1.0.1') }),
      knownHost('b', { ...node, ...at('10.1.0.2') }),
    ])
    expect(twin).to.deep.include({ host: 'b', isOne: true })
    expect(twin?.what).to.contain(
      'is a clone of a with the certificate of its node: the swarm takes them for one',
    )
  })
})
