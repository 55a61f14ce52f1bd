import { expect } from 'chai'
import { doubtfulEngines, engineSetup, refuseUnfitEngines } from './engine-setup.ts'
import { factsOf, inSwarm, knownHost, noSwarm } from './known-host.fake.ts'

const { engine, tools: known } = factsOf('a')
const tools = { ...known, nft: '/usr/sbin/nft' }
const host = (name: string, more: object, swarm = noSwarm) =>
  knownHost(name, { engine: { ...engine, ...more }, swarm, tools })
const thrownBy = (hosts: Parameters<typeof refuseUnfitEngines>[0]): unknown => {
  try {
    refuseUnfitEngines(hosts)
    return undefined
  } catch (error) {
    return error
  }
}

describe('how an engine is set up', () => {
  it('is nothing to mention where it is as usual, or not told', () => {
    for (const more of [
      ...[{}, { execRoot: '/var/run/docker' }, { execRoot: '/run/docker' }, { execRoot: '/run/docker/' }],
      ...[{ firewallBackend: 'iptables' }, { firewallBackend: 'iptables+firewalld' }],
    ])
      expect(engineSetup(host('a', more).facts), JSON.stringify(more)).to.deep.equal([])
    const running = host('a', { liveRestore: true }, inSwarm('n', '10.0.0.1'))
    expect(engineSetup(running.facts)).to.deep.equal([])
  })

  it('keeps hosts from being verified, each named with what to do', () => {
    const error = thrownBy([
      host('a', {}),
      host('b', { execRoot: '/srv/exec' }),
      host('c', { securityOptions: ['name=seccomp', 'name=rootless'] }),
      // A snap has an exec root of its own: one reason is enough.
      host('d', { rootDirectory: '/var/snap/docker/common/var-lib-docker', execRoot: '/run/snap.docker' }),
    ])
    expect(error).to.include({ code: 'ENGINE_UNFIT' })
    const { message } = error as Error
    expect(message.split('\n').filter((line) => /^ *- /.test(line))).to.have.lengthOf(3)
    expect(message).to.contain('3 engines are set up so that nothing can be verified')
    expect(message).to.contain(
      'b: it runs with --exec-root /srv/exec, so it keeps network namespaces in /srv/exec/netns',
    )
    expect(message).to.contain('systemctl cat docker')
  })

  it('is doubtful with a backend that engines refuse in swarms, and refused no more than that', () => {
    // Moby, libnetwork: Controller.FirewallBackend.
    const hosts = ['nftables', 'iptables', 'nftables+firewalld', 'iptables+firewalld'].map(
      (firewallBackend, index) => host('abcd'.charAt(index), { firewallBackend }),
    )
    expect(thrownBy(hosts)).to.equal(undefined)
    const doubtful = doubtfulEngines(hosts)
    expect(doubtful.map((words) => words.slice(0, 34))).to.deep.equal([
      'a: its firewall backend is nftable',
      'c: its firewall backend is nftable',
    ])
  })

  it('keeps a host from being verified whose rules are in nftables, where nothing reads them', () => {
    const error = thrownBy([knownHost('a', { engine: { ...engine, firewallBackend: 'nftables' } })])
    expect(error).to.include({ code: 'ENGINE_UNFIT' })
    expect((error as Error).message)
      .to.contain('there is no nft')
      .and.to.contain('nftables')
  })
})
