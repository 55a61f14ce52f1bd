import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import type { BurstCounts, BurstFlow } from './burst.ts'
import type { Origin } from './probe.ts'
import { sendBursts } from './send-bursts.ts'

const [near, far] = [`swp-burst-n${process.pid}`, `swp-burst-f${process.pid}`]
const end = (name: string): Origin => ({
  ...{ host: nativeHost(name), namespace: { path: `/run/netns/${name}` }, label: name },
})
const [here, there] = [end(near), end(far)]
const flows: readonly BurstFlow[] = [
  { from: here, to: there, address: '198.18.1.2', kind: 'udp' },
  { from: there, to: here, address: '198.18.1.1', kind: 'udp' },
  { from: here, to: there, address: '198.18.1.2', kind: 'echo' },
]

function run(...command: string[]): void {
  const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
}

/** Two namespaces of this machine joined by a cable that can be made a bad one. */
describe('bursts on this machine', function () {
  this.timeout(20_000)
  before(function () {
    const usable = process.getuid?.() === 0 && spawnSync('ip', ['netns', 'add', near]).status === 0
    if (!usable || spawnSync('ip', ['netns', 'exec', near, 'true']).status !== 0) {
      console.log('      skipped: bursts need root, iproute2 and leave to enter network namespaces')
      this.skip()
    }
    run('ip', 'netns', 'add', far)
    run('ip', '-n', near, 'link', 'add', 'c0', 'type', 'veth', 'peer', 'name', 'c1')
    run('ip', '-n', near, 'link', 'set', 'c1', 'netns', far)
    for (const [space, device, address] of [
      [near, 'c0', '198.18.1.1/24'],
      [far, 'c1', '198.18.1.2/24'],
    ] as const) {
      run('ip', '-n', space, 'addr', 'add', address, 'dev', device)
      run('ip', '-n', space, 'link', 'set', device, 'up')
    }
  })
  after(() => {
    for (const name of [near, far]) spawnSync('ip', ['netns', 'del', name])
  })

  /** With commands undone by others, each in one of the namespaces. */
  const impaired = async (
    plant: readonly (readonly string[])[],
    remove: readonly (readonly string[])[],
    datagrams = 200,
  ): Promise<readonly BurstCounts[]> => {
    const inSpace = ([space = '', ...command]: readonly string[]): void =>
      run('ip', 'netns', 'exec', space, ...command)
    plant.forEach(inSpace)
    try {
      return (await sendBursts(flows, { datagrams, perSecond: 200, payloadBytes: 100 })).flows
    } finally {
      remove.forEach(inSpace)
    }
  }
  const arriving = (...match: readonly string[]): [string[][], string[][]] => {
    const rule = ['INPUT', ...match, '-j', 'DROP']
    return [[[far, 'iptables', '-w', '-A', ...rule]], [[far, 'iptables', '-w', '-D', ...rule]]]
  }
  const some = ['-m', 'statistic', '--mode', 'random', '--probability', '0.2']
  const whole = { sent: 200, refused: 0, received: 200, distinct: 200, overtaken: 0, answered: 200 }

  it('arrive and come back, each once and in order, at no more than the rate', async () => {
    const startedAt = performance.now()
    const seen = await sendBursts(flows, { datagrams: 200, perSecond: 200, payloadBytes: 100 })
    expect(performance.now() - startedAt).to.be.above(1_900)
    for (const { roundTripMs, ...counts } of seen.flows) {
      expect(counts).to.deep.equal(whole)
      expect(roundTripMs?.median)
        .to.be.above(0)
        .and.at.most(roundTripMs?.ninetyFifth ?? 0)
    }
    expect(Object.keys(seen.hosts)).to.have.members([near, far])
    expect(seen.hosts[near]).to.include({ overflows: 0 })
    expect(seen.hosts[near]?.idleShare).to.be.within(0, 1)
  })

  it('tell on which of the ways they are lost', async () => {
    const [out, back, echo] = await impaired(...arriving(...some))
    for (const lossy of [out, echo]) {
      expect(lossy?.distinct).to.be.within(100, 190)
      expect(lossy?.received).to.equal(lossy?.distinct)
    }
    expect(back).to.include({ distinct: 200 })
    // Echoes of what came the other way are lost on the same way.
    expect(back?.answered).to.be.within(100, 190)
  })

  it('tell what comes twice', async () => {
    const rule = ['OUTPUT', '-t', 'mangle', '-p', 'udp', ...some, '-j', 'TEE', '--gateway', '198.18.1.2']
    const [doubled] = await impaired(
      [[near, 'iptables', '-w', '-A', ...rule]],
      [[near, 'iptables', '-w', '-D', ...rule]],
    )
    expect(doubled).to.include({ distinct: 200, overtaken: 0 })
    expect(doubled?.received).to.be.within(210, 300)
  })

  it('tell what is overtaken, and how long it takes', async () => {
    const marked = ['OUTPUT', '-t', 'mangle', '-p', 'udp', ...some, '-j', 'MARK', '--set-mark', '3']
    const commands = (space: string, lines: readonly string[]): string[][] =>
      lines.map((line) => [space, ...line.split(' ')])
    const [overtaken] = await impaired(
      [
        // Some take another cable, a slow one.
        ...commands(near, [
          `ip link add s0 type veth peer name s1 netns ${far}`,
          'ip addr add 198.18.2.1/24 dev s0',
          'ip link set s0 up',
          'tc qdisc add dev s0 root tbf rate 60kbit burst 200 latency 2s',
        ]),
        ...commands(far, ['ip addr add 198.18.2.2/24 dev s1', 'ip link set s1 up']),
        ...commands(near, [
          'ip route add 198.18.1.2 via 198.18.2.2 table 100',
          'ip rule add fwmark 3 table 100',
        ]),
        [near, 'iptables', '-w', '-A', ...marked],
      ],
      [
        [near, 'iptables', '-w', '-D', ...marked],
        ...commands(near, ['ip rule del fwmark 3 table 100', 'ip link del s0']),
      ],
    )
    expect(overtaken).to.include({ received: 200, distinct: 200 })
    expect(overtaken?.overtaken).to.be.within(5, 100)
    expect(overtaken?.roundTripMs?.longest).to.be.above(5)
  })

  it('say nothing arrived where nothing did', async () => {
    const [out, , echo] = await impaired(...arriving(), 50)
    expect(out).to.deep.equal({ sent: 50, refused: 0, received: 0, distinct: 0, overtaken: 0, answered: 0 })
    expect(echo).to.include({ received: 0, answered: 0 })
  })

  it('name a namespace that is gone, and are no figures then', async () => {
    const gone: Origin = { ...here, namespace: { path: '/run/netns/swp-gone' } }
    const flow: BurstFlow = { from: gone, to: there, address: '198.18.1.2', kind: 'udp' }
    const reason = await sendBursts([flow], { datagrams: 5, perSecond: 50, payloadBytes: 9 }).catch(String)
    expect(reason).to.contain('swp-gone').and.contain(near)
  })
})
