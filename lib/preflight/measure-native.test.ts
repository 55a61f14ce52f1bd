import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { silentProgress } from '../progress.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { isBlocked, isTooSmall, type Preflight } from './finding.ts'
import { sh } from '../script.ts'
import type { MeasuredHost } from './bench.ts'
import { measure } from './measure.ts'

const name = (part: string): string => `swp-pre-${part}${process.pid}`
const [left, middle, right] = [name('l'), name('m'), name('r')]

function run(words: string): void {
  const [program = '', ...rest] = words.split(' ')
  const { status, stderr } = spawnSync(program, rest, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${words}: ${stderr}`)
}

const inSpace = (space: string): string[] => ['ip', 'netns', 'exec', space, '/bin/sh', '-c']

function host(which: string, space: string, address: string, isManager: boolean): MeasuredHost {
  const firewall = { managers: ['firewalld'], input: ['nftables, 1 chain on input'] }
  const { remote } = nativeHost(which, inSpace(space))
  return { name: which, remote, isManager, advertise: address, dataPath: address, mtuBytes: 1500, firewall }
}

const hosts = [host('a', left, '198.18.1.2', true), host('b', right, '198.18.2.2', false)]

const options = { dataPathPort: 4789, progress: silentProgress, settleMs: 400 }

function measured(): Promise<Preflight> {
  return measure(hosts, { ...options, signal: new AbortController().signal })
}

const blocked = ({ ports }: Preflight): string[] => ports.filter(isBlocked).map(({ detail }) => detail)
const small = ({ mtu }: Preflight): string[] =>
  mtu.filter(isTooSmall).map(({ from, pathBytes }) => `${from} ${pathBytes ?? 0}`)

/** Two hosts with a router between them, all of them namespaces of this machine. */
describe('ports measured on this machine', function () {
  this.timeout(30_000)

  before(function () {
    const usable = process.getuid?.() === 0 && spawnSync('ip', ['netns', 'add', left]).status === 0
    if (!usable) {
      console.log('      skipped: measuring needs root, iproute2 and network namespaces')
      this.skip()
    }
    run(`ip netns add ${middle}`)
    run(`ip netns add ${right}`)
    for (const [space, net, port] of [
      [left, 1, 'ma'],
      [right, 2, 'mb'],
    ] as const) {
      run(`ip -n ${space} link add eth0 type veth peer name ${port} netns ${middle}`)
      run(`ip -n ${space} addr add 198.18.${net}.2/24 dev eth0`)
      run(`ip -n ${middle} addr add 198.18.${net}.1/24 dev ${port}`)
      run(`ip -n ${middle} link set dev ${port} up`)
      run(`ip -n ${space} link set dev eth0 up`)
      run(`ip -n ${space} link set dev lo up`)
      run(`ip -n ${space} route add default via 198.18.${net}.1`)
    }
    run(`ip netns exec ${middle} sysctl -q -w net.ipv4.ip_forward=1`)
    // So that rules can come before the table of local addresses.
    run(`ip -n ${right} rule add pref 100 lookup local`)
    run(`ip -n ${right} rule del pref 0`)
  })

  after(() => {
    for (const space of [left, middle, right]) spawnSync('ip', ['netns', 'del', space])
  })

  it('finds nothing where nothing is in the way', async () => {
    const found = await measured()
    expect(found.unmeasured).to.deep.equal([])
    expect(found.ports.map(({ from, what, accepted }) => `${from} ${what} ${accepted}`)).to.deep.equal([
      'a 7946/tcp yes',
      'a 7946/udp yes',
      'a 4789/udp yes',
      'a esp yes',
      'b 2377/tcp yes',
      'b 7946/tcp yes',
      'b 7946/udp yes',
      'b 4789/udp yes',
      'b esp yes',
    ])
    expect(found.mtu.map(({ pathBytes }) => pathBytes)).to.deep.equal([1500, 1500])
    expect(blocked(found)).to.deep.equal([])
  })

  it('tells the network between from the firewall of the receiver', async () => {
    run(`ip -n ${middle} rule add pref 10 iif ma ipproto 50 blackhole`)
    run(`ip -n ${right} rule add pref 10 iif eth0 ipproto udp dport 4789 blackhole`)
    try {
      expect(blocked(await measured())).to.deep.equal([
        "UDP 4789 from a to b arrives at b and is not accepted: b's firewall drops it (firewalld; nftables, 1 chain on input)",
        'ESP (protocol 50) from a to b leaves a and does not arrive at b: something between them swallows it',
      ])
    } finally {
      run(`ip -n ${middle} rule del pref 10`)
      run(`ip -n ${right} rule del pref 10`)
    }
  })

  it('measures a smaller MTU on the way to the byte, in its direction', async () => {
    run(`ip -n ${middle} link set dev mb mtu 1393`)
    try {
      const found = await measured()
      expect(small(found)).to.include('a 1393')
      expect(found.mtu[0]?.detail).to.equal(
        'packets of at most 1393 bytes get from a to b (measured by the data path), although a sends up to 1500: larger ones are lost on the way',
      )
      expect(blocked(found)).to.deep.equal([])
    } finally {
      run(`ip -n ${middle} link set dev mb mtu 1500`)
    }
  })

  it('measures the path by a ping where data does not arrive', async () => {
    run(`ip -n ${middle} rule add pref 10 iif mb to 198.18.1.2 ipproto udp blackhole`)
    run(`ip -n ${middle} rule add pref 11 iif mb to 198.18.1.2 ipproto 50 blackhole`)
    try {
      const found = await measured()
      expect(found.ports.filter(isBlocked).map(({ from, what }) => `${from} ${what}`)).to.deep.equal([
        'b 7946/udp',
        'b 4789/udp',
        'b esp',
      ])
      expect(found.mtu.map(({ pathBytes }) => pathBytes)).to.deep.equal([1500, 1500])
    } finally {
      run(`ip -n ${middle} rule del pref 10`)
      run(`ip -n ${middle} rule del pref 11`)
    }
  })

  it('ends its programs, also when it is interrupted', async () => {
    const controller = new AbortController()
    const interrupted = measure(hosts, { ...options, signal: controller.signal }).catch(
      (error: unknown) => error,
    )
    controller.abort(new Error('enough'))
    expect(String(await interrupted)).to.contain('enough')
    const running = spawnSync('ip', ['netns', 'pids', left], { encoding: 'utf8' })
    expect(running.stdout.trim()).to.equal('')
  })

  it('names a host that cannot take part, and measures the others', async () => {
    const lame = { ...host('c', right, '198.18.2.9', false), remote: nativeHost('c', ['/bin/false']).remote }
    const found = await measure([...hosts, lame], { ...options, signal: new AbortController().signal })
    expect(found.unmeasured.map((one) => one.host)).to.deep.equal(['c'])
    expect(found.ports).to.have.lengthOf(9)
  })

  describe('where the engine holds a port', () => {
    it('connects to it, and sees datagrams arrive', async () => {
      const hold =
        "$| = 1; my ($port,$type)=@ARGV; $s=pack('S n x12',2,$port);socket(S,2,$type,0);bind(S,$s);listen(S,5) if $type==1;print 1;sleep 20"
      const holder = nativeHost('b', inSpace(right)).remote
      const held = await Promise.all([
        holder.spawn(sh`exec perl -e ${hold} 7946 1`),
        holder.spawn(sh`exec perl -e ${hold} 4789 2`),
      ])
      try {
        await Promise.all(held.map((one) => new Promise((resolve) => one.stdout.once('data', resolve))))
        const found = await measured()
        const toB = found.ports
          .filter(({ to }) => to === 'b')
          .map(({ what, arrived, accepted }) => `${what} ${arrived} ${accepted}`)
        expect(toB).to.deep.equal([
          '7946/tcp yes yes',
          '7946/udp yes yes',
          '4789/udp yes unknown',
          'esp yes yes',
        ])
        expect(blocked(found)).to.deep.equal([])
      } finally {
        spawnSync('sh', ['-c', `kill $(ip netns pids ${right})`])
        await Promise.all(held.map(({ exited }) => exited))
      }
    })
  })
})
