import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import type { Remote } from '../remote/remote.ts'
import { inSections } from '../remote/sections.fake.ts'
import { readSections } from '../remote/sections.ts'
import type { OccupiedSubnets } from './occupied.ts'
import { parseOccupied, readOccupied, readOccupiedSubnets } from './read-occupied.ts'

const manager = `@@ routes
default via 10.20.0.1 dev eth0
0.0.0.0/1 via 10.8.0.1 dev tun0
128.0.0.0/1 via 10.8.0.1 dev tun0
10.20.0.0/16 dev eth0 proto kernel scope link src 10.20.0.4
unreachable 10.99.0.0/16 table 7
local 10.20.0.4 dev eth0 table local proto kernel scope host src 10.20.0.4
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
@@ kernel-routes
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0100140A	0003	0	0	0	00000000	0	0	0
eth1	0007A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
@@ addresses
0.0.0.0
10.20.0.4
127.0.0.1
@@ nameservers
nameserver 10.53.0.2
nameserver fd00::1
search example.com
@@ networks
local 172.17.0.0/16
swarm 10.0.0.0/24
swarm 10.0.1.0/24 10.0.2.0/24
local
@@ local-pools
null
@@ swarm
active {"ID":"x","DefaultAddrPool":["10.60.0.0/16"],"SubnetSize":24}
@@ services
8443 8444 

@@ sockets
0016
1F90
@@ containers
0.0.0.0:9000-9002->9000-9002/tcp, [::]:9000-9002->9000-9002/tcp, 8080/tcp

@@ nat
8000:8002,9100
@@ ephemeral
32768	60999
@@ end
`

describe('parseOccupied', () => {
  const { host, swarm } = parseOccupied('manager', readSections(manager, '@@'))

  it('reads routes of every table and leaves out what stands for everywhere', () => {
    expect(host.routes).to.deep.equal(['10.20.0.0/16', '10.99.0.0/16', '10.20.0.4', '192.168.7.0/24'])
    expect(host.addresses).to.deep.equal(['10.20.0.4', '10.53.0.2'])
  })

  it('reads what Docker has given out, and what it gives from', () => {
    expect(host.networks).to.deep.equal(['172.17.0.0/16', '10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24'])
    expect(host.localPools).to.include('172.31.0.0/16').and.include('192.168.0.0/16')
    expect(swarm).to.deep.equal({
      pools: ['10.60.0.0/16'],
      networks: ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24'],
      ports: [8443, 8444],
    })
  })

  it('reads ports of sockets, containers and NAT rules', () => {
    expect(host.ports).to.deep.equal([22, 8080, 9000, 9001, 9002, 8000, 8001, 8002, 9100])
    expect(host.ephemeral).to.deep.equal([32_768, 60_999])
  })

  it('takes the usual pool of a swarm that was given none, and none where there is no swarm', () => {
    const of = (line: string) =>
      parseOccupied('a', readSections(`@@ swarm\n${line}\n@@ end`, '@@')).swarm.pools
    expect(of('active {"ID":"x","DefaultAddrPool":null}')).to.deep.equal(['10.0.0.0/8'])
    expect(of('active null'), 'of a worker, which does not know').to.deep.equal([])
    expect(of('inactive null')).to.deep.equal([])
  })
})

describe('readOccupied', () => {
  it('puts the hosts beside each other and what they know of the swarm together', async () => {
    const worker = new FakeRemote('worker1').answer(/./, inSections('@@ swarm\nactive null\n@@ end\n'))
    const { hosts, swarm } = await readOccupied([
      new FakeRemote('manager').answer(/./, inSections(manager)),
      worker,
    ])
    expect(hosts.map(({ host }) => host)).to.deep.equal(['manager', 'worker1'])
    expect(swarm.pools).to.deep.equal(['10.60.0.0/16'])
  })

  it('takes half an answer for none', async () => {
    const remote = new FakeRemote('web1').answer(/./, {
      stdout: '@@ routes\n10.0.0.0/8',
      exitCode: 1,
      stderr: 'killed',
    })
    const error = await readOccupied([remote]).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'OCCUPIED_UNKNOWN')
  })
})

describe('what is asked of an engine for what is in use', () => {
  const folder = mkdtempSync(join(tmpdir(), 'swp-occupied-'))
  after(() => rmSync(folder, { recursive: true }))

  // What clients of 28.5 on a manager and on a worker, and one that has no such field, say to these templates.
  const manager = String.raw`'info --format {{json .DefaultAddressPools}}') echo null ;;
'info --format {{json .DefaultAddressPools}}{{println}}'*) printf 'null\nactive {"DefaultAddrPool":null}\n' ;;
'info --format {{.Swarm.LocalNodeState}}'*) echo 'active {"DefaultAddrPool":null}' ;;`
  const worker = manager.replaceAll('{"DefaultAddrPool":null}', '')
  const older = manager.replaceAll(/\{\{json \.Def.*/g, (line) => `${line.split(')')[0]}) echo; exit 1 ;;`)

  async function asked(
    answers: string,
    read: (remotes: readonly Remote[]) => Promise<OccupiedSubnets>,
  ): Promise<{ readonly words: readonly string[]; readonly occupied: OccupiedSubnets }> {
    const log = join(folder, 'asked')
    writeFileSync(log, '')
    const client = `#!/bin/sh\necho "$*" >>${log}\ncase "$*" in\n${answers}
'network ls -q') echo n1 ;;
'network inspect '*) echo 'swarm 10.91.1.0/24' ;;
'service ls -q') echo s1 ;;
'service inspect '*) echo '8443 ' ;;
ps*) echo '0.0.0.0:9000->9000/tcp' ;;
*) exit 1 ;;
esac\n`
    writeFileSync(join(folder, 'docker'), client, { mode: 0o755 })
    const path = `PATH=${folder}:${process.env['PATH'] ?? ''}`
    const { remote } = nativeHost('web1', ['/usr/bin/env', path, '/bin/sh', '-c'])
    const occupied = await read([remote])
    const words = readFileSync(log, 'utf8').trim().split('\n')
    return { occupied, words: words.map((line) => line.replace(/ (--format|-q).*/, '')) }
  }

  it('is one call for pools and swarm, and on a manager alone its services', async () => {
    const of = await asked(manager, readOccupied)
    expect(of.words).to.deep.equal([
      'network ls',
      'network inspect',
      'info',
      'service ls',
      'service inspect',
      'ps',
    ])
    expect(of.occupied.swarm).to.deep.equal({
      pools: ['10.0.0.0/8'],
      networks: ['10.91.1.0/24'],
      ports: [8443],
    })
    const there = await asked(worker, readOccupied)
    expect(there.words).to.deep.equal(['network ls', 'network inspect', 'info', 'ps'])
    expect(there.occupied.swarm.pools).to.deep.equal([])
  })

  it('is each by itself where the client does not know of both', async () => {
    const { words, occupied } = await asked(older, readOccupied)
    expect(words.filter((word) => word === 'info')).to.have.lengthOf(3)
    expect(occupied.swarm).to.deep.include({ pools: ['10.0.0.0/8'], ports: [8443] })
    expect(occupied.hosts[0]?.localPools).to.include('172.31.0.0/16')
  })

  it('is services too where the engine does not say whether it is in a swarm', async () => {
    // What clients since 23 say, with exit code 0, where the engine answers with an error.
    const blank = manager.replaceAll('active {"DefaultAddrPool":null}', ' ')
    const { words, occupied } = await asked(blank, readOccupied)
    expect(words).to.include('service inspect')
    expect(occupied.swarm).to.deep.include({ ports: [8443] })
  })

  it('is nothing of ports where a subnet is chosen', async () => {
    const { words, occupied } = await asked(manager, readOccupiedSubnets)
    expect(words).to.deep.equal(['network ls', 'network inspect', 'info'])
    expect(occupied.swarm).to.deep.include({ pools: ['10.0.0.0/8'], networks: ['10.91.1.0/24'] })
    expect(occupied.hosts[0]?.networks).to.deep.equal(['10.91.1.0/24'])
  })
})
