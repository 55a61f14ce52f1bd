import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { readFdb } from './fdb.ts'
import { furnish } from './furnished-namespace.fake.ts'
import { parseFirewall, parsePolicies } from './firewall.ts'
import type { FirewallRule, HostState, Link } from './host-state.ts'
import { fdbByBridge, linksByIp, neighboursByIp, routesByIp } from './ip-json.fake.ts'
import { readLinks } from './link.ts'
import { readNeighbours } from './neighbour.ts'
import { readNetlink } from './netlink.ts'
import { parseRoutingRules } from './policy-routing.ts'
import { readHostState } from './read-host-state.ts'
import { recorded } from './recorded/recorded.fake.ts'
import { readRefusingRoutes, readRoutes } from './route.ts'

const lines = recorded('netlink-6.18', 'netlink.txt').split('\n')
const byIp = (file: string): string => recorded('netlink-6.18', file)

/** Packets go on passing between two looks. */
const uncounted = (links: readonly Link[]): Omit<Link, 'received' | 'sent'>[] =>
  links.map(({ received: _received, sent: _sent, ...rest }) => rest)

describe('what a kernel lists', () => {
  const { links, addresses, neighbours, routes, fdb } = readNetlink(lines)

  it('of interfaces is what ip says of them', () => {
    const read = readLinks(links, addresses)
    // Which index the other end has was not kept when this was recorded.
    expect(read).to.deep.equal(linksByIp(byIp('addr.json')).map(({ peerIndex: _peer, ...link }) => link))
    expect(read.map(({ name }) => name)).to.include.members(['lo', 'br0', 'vxlan0', 'external0', 'gbp0'])
    const createdHere = Object.fromEntries(read.map((link) => [link.name, link.createdHere]))
    expect(createdHere).to.include({ vxlan0: true, vxlan9: false, br0: undefined })
  })

  it('of neighbours is what ip says of them', () => {
    const read = readNeighbours(neighbours, links)
    expect(read).to.deep.equal(neighboursByIp(byIp('neigh.json')))
    expect(read.map(({ state }) => state)).to.include.members(['PERMANENT', 'STALE', 'FAILED'])
  })

  it('of routes is what ip says of them', () => {
    const { leaving, refusing } = routesByIp(byIp('route.json'))
    expect(readRoutes(routes, links)).to.deep.equal(leaving).and.to.have.lengthOf.above(8)
    expect(readRefusingRoutes(routes)).to.deep.equal(refusing).and.to.have.lengthOf(4)
  })

  it('of forwarding is what bridge says of it', () => {
    expect(readFdb(fdb, links)).to.deep.equal(fdbByBridge(byIp('fdb.json')))
    expect(readFdb(fdb, links)).to.deep.include({
      ...{ mac: '02:42:0a:5b:02:07', device: 'vxlan0', vtep: '192.168.56.13', permanent: true },
    })
  })

  it('is nothing where it lists nothing', () => {
    const none = readNetlink(['links ', 'addresses '])
    expect(readLinks(none.links, none.addresses)).to.deep.equal([])
    expect(readNetlink([]).routes).to.deep.equal([])
  })

  it('is refused where a length leads outside, wherever it was cut or changed', () => {
    const [kind = '', text = ''] = lines[0]?.split(' ') ?? []
    const whole = Buffer.from(text, 'base64')
    const read = (bytes: Buffer): unknown => {
      const changed = readNetlink([`${kind} ${bytes.toString('base64')}`], 'web1')
      return readLinks(changed.links, [], 'web1')
    }
    const outcomes = new Set<string>()
    for (let at = 0; at < whole.length; at += 3) {
      for (const bytes of [whole.subarray(0, at), Buffer.from(whole).fill(0xff, at, at + 2)]) {
        try {
          read(bytes)
          outcomes.add('read')
        } catch (error) {
          outcomes.add((error as { code?: string }).code ?? String(error))
        }
      }
    }
    expect([...outcomes].sort()).to.deep.equal(['NETLINK_MALFORMED', 'NOT_AN_IDENTIFIER', 'read'])
  })
})

describe('a namespace that is read', () => {
  const [name, other] = [`swp-${process.pid}`, `swp-${process.pid}-other`]
  const inside = ['ip', 'netns', 'exec', name]
  const run = (...words: string[]): string => {
    const [program = '', ...rest] = [...inside, ...words]
    const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' })
    expect(status, stderr).to.equal(0)
    return stdout
  }

  before(function () {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') this.skip()
    const made = [name, other].map((one) => spawnSync('ip', ['netns', 'add', one]).status)
    if (made.some((status) => status !== 0)) this.skip()
    run('sh', '-c', furnish(name, other).text)
  })

  const look = async (): Promise<HostState> => readHostState(nativeHost('here', [...inside, 'sh', '-c']))

  after(() => {
    for (const one of [name, other]) spawnSync('ip', ['netns', 'del', one])
  })

  it('has what programs of iproute2 say it has', async function () {
    this.timeout(30_000)
    const state = await look()
    expect(state.unavailable.filter(({ tool }) => tool === 'netlink' || tool === 'perl')).to.deep.equal([])
    expect(uncounted(state.root.links)).to.deep.equal(
      uncounted(linksByIp(run('ip', '-j', '-d', '-s', 'addr'))),
    )
    expect(state.root.neighbours).to.deep.equal(neighboursByIp(run('ip', '-j', 'neigh')))
    expect(state.root.fdb).to.have.deep.members(fdbByBridge(run('bridge', '-j', 'fdb')))
    const { leaving, refusing } = routesByIp(run('ip', '-j', '-d', 'route'))
    expect(state.root.routes).to.deep.equal(leaving)
    expect(state.refusingRoutes).to.deep.equal(refusing)
    expect(state.root.forwards).to.equal(run('cat', '/proc/sys/net/ipv4/ip_forward').trim() === '1')
  })

  it('has the rules of policy routing that programs say, and none where only those of every kernel are', async function () {
    this.timeout(60_000)
    const rules = async (): Promise<HostState['routingRules']> => (await look()).routingRules
    expect(await rules()).to.deep.equal([])
    for (const [rule, count] of [
      ['from 192.168.56.11 table 7', 1],
      ['fwmark 0x10 table 7', 1],
      ['from 10.0.0.0/8 blackhole', 1],
      ['not to 10.30.0.0/16 table main priority 90', 1],
      ['ipproto tcp dport 80 table 7', 1],
    ] as const) {
      run('sh', '-c', `ip rule add ${rule}`)
      expect(await rules(), rule)
        .to.deep.equal(parseRoutingRules(run('ip', '-j', '-4', 'rule', 'show')))
        .and.to.have.lengthOf(count)
      run('sh', '-c', `ip rule del ${rule}`)
    }
    expect(await rules()).to.deep.equal([])
  })

  it('has the policies of IPsec that programs say, and none where there are none', async function () {
    this.timeout(30_000)
    const policy = 'src 192.0.2.1/32 dst 192.0.2.2/32 proto udp dport 4789 dir out'
    expect((await look()).securityPolicies).to.deep.equal([])
    const template = 'tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 13681891 mode transport'
    if (
      spawnSync(inside[0] ?? '', [...inside.slice(1), 'sh', '-c', `ip xfrm policy add ${policy} ${template}`])
        .status !== 0
    )
      this.skip()
    expect((await look()).securityPolicies).to.deep.equal([
      {
        ...{ direction: 'out', source: '192.0.2.1/32', destination: '192.0.2.2/32', protocol: 'udp' },
        ...{ destinationPort: 4789, requestId: 13681891 },
      },
    ])
  })

  it('has what listens there', async function () {
    this.timeout(30_000)
    const server = spawn(inside[0] ?? '', [...inside.slice(1), 'perl', '-e', listening])
    try {
      await once(server.stdout, 'data')
      expect((await look()).listeners).to.have.deep.members([
        { protocol: 'tcp', address: '127.0.0.1', port: 8099 },
        { protocol: 'udp', address: '0.0.0.0', port: 4789 },
        ...(await look()).listeners.filter(({ port }) => port !== 8099 && port !== 4789),
      ])
    } finally {
      server.kill()
    }
  })

  it('is asked so that the kernel has nothing to complain of in its log', async function () {
    this.timeout(30_000)
    const said = (): string[] =>
      spawnSync('dmesg', { encoding: 'utf8' })
        .stdout?.split('\n')
        .filter((line) => line.includes('netlink')) ?? []
    const before = said()
    await look()
    expect(said()).to.deep.equal(before)
  })

  it('has rules with what they counted by now, whose text is not asked for again while they are the same', async function () {
    this.timeout(60_000)
    if (spawnSync('iptables-save', ['-V'], { encoding: 'utf8' }).stdout?.includes('nf_tables') !== true)
      this.skip()
    const folder = mkdtempSync(join(tmpdir(), 'swp-rules-'))
    try {
      const log = join(folder, 'log')
      const save = spawnSync('sh', ['-c', 'command -v iptables-save'], { encoding: 'utf8' }).stdout.trim()
      writeFileSync(
        join(folder, 'xtables-nft-multi'),
        `#!/bin/sh\necho asked >>${log}\nexec ${save} "$@"\n`,
        {
          mode: 0o755,
        },
      )
      // By what the link leads to it is known which of both it is.
      symlinkSync('xtables-nft-multi', join(folder, 'iptables-save'))
      const path = `PATH=${folder}:${process.env['PATH']}`
      const host = nativeHost('here', [...inside, 'env', path, 'sh', '-c'])
      const asked = (): number => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0)
      const saved = (): readonly string[] => run('iptables-save', '-c').split('\n')
      const counted = async (): Promise<{ rules: readonly FirewallRule[]; times: number }> => {
        const [before, state] = [asked(), await readHostState(host)]
        expect(state.root.firewall).to.deep.equal(parseFirewall(saved()))
        expect(state.root.policies).to.deep.equal(parsePolicies(saved()))
        const others = Object.keys(state.namespaces).length
        return { rules: state.root.firewall, times: asked() - before - (before === 0 ? others : 0) }
      }
      const send = (): string => run('perl', '-e', toResolver)
      run('sh', '-ec', likeAnEngine)
      expect(await counted()).to.have.property('times', 1)
      send()
      const again = await counted()
      expect(again).to.have.property('times', 0)
      expect(again.rules.filter(({ chain }) => chain === 'DOCKER_OUTPUT')).to.deep.include({
        ...{ table: 'nat', chain: 'DOCKER_OUTPUT', position: 2, packets: 3, bytes: 99 },
        rule: '-d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:41234',
      })
      // One in place of another, in the same chain.
      run('iptables', '-R', 'INPUT', '1', '-p', 'udp', '-j', 'DROP')
      expect(await counted()).to.have.property('times', 1)
      run('iptables', '-P', 'FORWARD', 'DROP')
      expect(await counted()).to.have.property('times', 1)
      expect(await counted()).to.have.property('times', 0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('has the rules of the legacy iptables at every look: the list of nf_tables says nothing of them', async function () {
    this.timeout(60_000)
    const folder = mkdtempSync(join(tmpdir(), 'swp-rules-'))
    try {
      const save = ['*filter', ':INPUT ACCEPT [0:0]', '[5:60] -A INPUT -p udp --dport 4789 -j DROP', 'COMMIT']
      // The host has rules, the namespaces of its engine have none.
      const text = `#!/bin/sh\n[ -e ${folder}/once ] || cat <<'E'\n${save.join('\n')}\nE\n`
      writeFileSync(join(folder, 'iptables-save'), text, { mode: 0o755 })
      const host = nativeHost('here', [...inside, 'env', `PATH=${folder}:${process.env['PATH']}`, 'sh', '-c'])
      for (let look = 1; look <= 3; look += 1) {
        const { root } = await readHostState(host)
        expect(
          root.firewall.map(({ rule, packets }) => [rule, packets]),
          `look ${look}`,
        ).to.deep.equal([['-p udp --dport 4789 -j DROP', 5]])
        // As a namespace without any, which has the number of nothing.
        writeFileSync(join(folder, 'once'), '')
        expect((await readHostState(host)).root.firewall).to.deep.equal([])
        rmSync(join(folder, 'once'))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('takes nothing that others write to the socket for what the kernel says', async function () {
    this.timeout(60_000)
    const many = 4000
    run(
      ...['sh', '-ec'],
      `ip link add v1 type veth peer name v2; ip link set v1 up
n=0; while [ $n -lt ${many} ]; do
  echo "neigh add 10.9.$((n / 256)).$((n % 256)) lladdr 02:00:00:00:00:01 dev v1 nud permanent"; n=$((n + 1))
done | ip -batch -`,
    )
    const forger = spawn(inside[0] ?? '', [...inside.slice(1), 'perl', '-e', forging], { stdio: 'ignore' })
    try {
      for (let look = 1; look <= 5; look += 1) {
        const { root, unavailable } = await readHostState(nativeHost('here', [...inside, 'sh', '-c']))
        // Whole, or said to have failed.
        const failed = unavailable.some(({ tool }) => tool === 'netlink')
        expect(failed || root.neighbours.length >= many, `look ${look}: ${root.neighbours.length}`).to.equal(
          true,
        )
      }
    } finally {
      forger.kill('SIGKILL')
      run('ip', 'link', 'del', 'v1')
    }
  })
})

const likeAnEngine = `
iptables -t nat -N DOCKER_OUTPUT
iptables -t nat -A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:41233
iptables -t nat -A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:41234
iptables -A INPUT -p icmp -j ACCEPT
iptables -A INPUT -m comment --comment "two words" -j ACCEPT
`

/** Sends the end of every listing to every socket of rtnetlink there is. */
const forging = `socket S, 16, 3, 0;
my $until = time + 50;
while (time < $until) {
  open my $file, '<', '/proc/net/netlink';
  for (<$file>) {
    my (undef, $protocol, $port) = split; next if $protocol ne '0';
    for my $sequence (1 .. 6) { send S, pack('L S S L L l', 20, 3, 2, $sequence, 0, 0), 64, pack 'S S L L', 16, 0, $port, 0 }
  }
}`

const listening = `$| = 1;
socket S, 2, 1, 6; bind S, pack 'S n C4 x8', 2, 8099, 127, 0, 0, 1 or die; listen S, 1 or die;
print 'ready'; sleep 60`

const toResolver = `for (1 .. 3) {
  socket S, 2, 2, 17;
  my $to = pack 'S n C4 x8', 2, 53, 127, 0, 0, 11;
  send S, 'hello', 0, $to for 1, 2;
}`
