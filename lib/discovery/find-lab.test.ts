import { expect } from 'chai'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { inSections } from '../remote/sections.fake.ts'
import { findLab } from './find-lab.ts'

/** What the facts script prints on a bare host, with this of its engine. */
function printed(name: string, { info = {}, more = '' }: { info?: object; more?: string } = {}): string {
  const address = {
    ifname: 'eth0',
    flags: ['UP'],
    mtu: 1500,
    addr_info: [{ local: '10.0.0.1', prefixlen: 24 }],
  }
  return [
    '@@ clock 1795266188086492423',
    `@@ system\nhostname ${name}\nuid 0\narchitecture x86_64\nkernel 6\nprocessors 1\nmachine id-${name}`,
    '@@ engine\n{"Version":"28.5.2","ApiVersion":"1.51"}',
    `@@ info\n${JSON.stringify({ ID: name, Swarm: { LocalNodeState: 'inactive' }, ...info })}`,
    more,
    `@@ addresses\n${JSON.stringify([address])}`,
    '@@ clock 1795266188086492423\n@@ end\n',
  ].join('\n')
}

async function find(output: string, init = true) {
  const remote = new FakeRemote('a').answer(/./, inSections(output))
  const inventory = {
    hosts: [{ name: 'a', destination: { name: 'a', hostname: 'a' } }],
    warnings: [],
    source: 'hosts.yml',
  }
  const { signal } = new AbortController()
  const found = await findLab(inventory, {
    ...{ connect: async () => remote, progress: silentProgress, signal, init, id: 'run' },
  }).catch((error: unknown) => error as { code?: unknown; message: string })
  return { found, commands: remote.commands }
}

describe('finding a lab on hosts', () => {
  it('describes hosts whose engines can be verified, and warns of what is doubtful', async () => {
    expect((await find(printed('a'))).found).to.have.nested.property('lab.topology.nodes[0].name', 'a')
    const backend = '@@ firewall-backend\nnftables'
    const { found } = await find(printed('a', { more: `${backend}\n@@ tools\nnft /usr/sbin/nft` }))
    expect(found)
      .to.have.nested.property('warnings')
      .that.satisfies((all: string[]) =>
        all.some((one) => one.startsWith('a: its firewall backend is nftables')),
      )
  })

  it('refuses others by name, after nothing but reading what they are', async () => {
    for (const [why, output] of [
      ['rootless', printed('a', { info: { SecurityOptions: ['name=rootless'] } })],
      ['snap', printed('a', { info: { DockerRootDir: '/var/snap/docker/common/var-lib-docker' } })],
      ['--exec-root /srv/exec', printed('a', { more: '@@ exec-root\n/srv/exec' })],
      ['live-restore', printed('a', { info: { LiveRestoreEnabled: true } })],
      ['no nft', printed('a', { more: '@@ firewall-backend\nnftables+firewalld' })],
    ] as const) {
      const { found, commands } = await find(output)
      expect(found, why).to.have.property('code', 'ENGINE_UNFIT')
      expect(found).to.have.property('message').that.contains(why)
      expect(commands, why).to.have.lengthOf(1)
    }
  })

  it('refuses a swarm over IPv6 as just that', async () => {
    const swarm = {
      ...{ NodeID: 'n1'.padEnd(25, '0'), NodeAddr: 'fd00:99::11', LocalNodeState: 'active' },
      ...{ ControlAvailable: true, Cluster: { ID: 'c'.padEnd(25, '0') } },
    }
    const { found, commands } = await find(printed('a', { info: { Swarm: swarm } }), false)
    expect(found).to.have.property('code', 'UNDERLAY_IS_IPV6')
    expect(commands).to.have.lengthOf(1)
  })
})
