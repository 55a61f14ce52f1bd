import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { agentProbe } from '../probe/agent-probe.ts'
import type { Origin } from '../probe/probe.ts'
import type { IcmpLayer } from '../packet/packet.ts'
import type { Capture, CapturePoint, Recording } from './capture.ts'
import { startCaptures } from './start-captures.ts'

const host = nativeHost('here')
const [near, far] = [`swp-test-a${process.pid}`, `swp-test-b${process.pid}`]
const file = (name: string): string => `/run/netns/${name}`
const origin = (name: string): Origin => ({ host, namespace: { path: file(name) }, label: name })

function run(...command: string[]): void {
  const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
}

/** Process ids of tcpdump in one of the test's namespaces. */
function tcpdumps(name: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0 && nameOf(pid) === 'tcpdump')
}

/** Undefined for a process that has ended meanwhile. */
function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 50) {
    if (waitedMs > 8000) expect.fail(`not within 8 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The real thing, on a cable between two namespaces of this machine. */
describe('capture on this machine', function () {
  this.timeout(30_000)
  let folder = ''
  before(function () {
    const tools = ['tcpdump', 'ip'].every((tool) => spawnSync(tool, ['-h']).error === undefined)
    const usable =
      tools &&
      process.getuid?.() === 0 &&
      spawnSync('ip', ['netns', 'add', near]).status === 0 &&
      spawnSync('ip', ['netns', 'exec', near, 'true']).status === 0
    if (!usable) {
      console.log(
        '      skipped: captures need tcpdump, root, iproute2 and leave to enter network namespaces',
      )
      this.skip()
    }
    folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    run('ip', 'netns', 'add', far)
    run('ip', '-n', near, 'link', 'add', 'c0', 'type', 'veth', 'peer', 'name', 'c1', 'netns', far)
    for (const [space, device, address] of [
      [near, 'c0', '198.18.0.1/24'],
      [far, 'c1', '198.18.0.2/24'],
    ] as const) {
      run('ip', '-n', space, 'addr', 'add', address, 'dev', device)
      run('ip', '-n', space, 'link', 'set', device, 'up')
    }
  })
  after(() => {
    for (const name of [near, far]) spawnSync('ip', ['netns', 'del', name])
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  const point = (more: Partial<CapturePoint> = {}): CapturePoint => ({
    host,
    interface: 'c0',
    namespace: file(near),
    direction: 'both',
    filter: 'icmp',
    ...more,
  })
  const start = async (...points: CapturePoint[]): Promise<readonly Capture[]> =>
    startCaptures(points, folder)
  const ping = async (): Promise<void> => {
    const [observation] = await agentProbe().send([
      { kind: 'icmp', from: origin(near), to: '198.18.0.2', packetBytes: 777 },
    ])
    expect(observation?.outcome).to.equal('answered')
  }
  const types = ({ packets }: Recording): (number | undefined)[] =>
    packets.map(({ layers }) => {
      const icmp = layers.find((layer): layer is IcmpLayer => layer.protocol === 'icmp')
      return icmp?.type
    })
  const failure = async (work: Promise<unknown>): Promise<SwarmproofError> => {
    const error = await work.then(
      () => expect.fail('it came up'),
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(SwarmproofError)
    return error as SwarmproofError
  }

  it('records what its filter and direction say, without its canaries', async () => {
    const captures = await start(
      point(),
      point({ direction: 'out' }),
      point({ namespace: file(far), interface: 'c1', snapshotBytes: 20 }),
      point({ filter: 'udp port 9' }),
      point({ namespace: file(far), interface: 'c1', filter: 'ether proto 0x88b5' }),
    )
    await ping()
    const recordings = await Promise.all(captures.map((capture) => capture.stop()))
    expect(recordings.map(({ blind }) => blind)).to.deep.equal(new Array(5).fill(undefined))
    expect(recordings.slice(0, 4).map(types)).to.deep.equal([[8, 0], [8], [8, 0], []])
    expect(recordings[2]?.packets[0]).to.include({ originalBytes: 791 })
    expect(recordings[2]?.packets[0]?.capturedBytes).to.be.within(50, 64)
    expect(Date.parse(recordings[0]?.startedAt ?? '')).to.be.below(Date.parse(recordings[0]?.endedAt ?? ''))
    expect(new Set(recordings.map((recording) => recording.file)).size).to.equal(5)
    expect(readdirSync(folder)).to.include(`here-${near}-c0-out-1.pcap`)
    expect(tcpdumps(near)).to.deep.equal([])
  })

  it('keeps a file that tcpdump reads, canaries included', async () => {
    const [capture] = await start(point())
    await ping()
    const recording = await capture?.stop()
    const { stdout } = spawnSync('tcpdump', ['-nn', '-r', recording?.file ?? ''], { encoding: 'utf8' })
    expect(stdout.match(/ICMP echo/g)).to.have.lengthOf(2)
    expect(stdout).to.contain('0x88b5')
    expect(await capture?.stop(), 'stopping again').to.equal(recording)
  })

  it('is blind when tcpdump died meanwhile, and still gives what it had', async () => {
    const [capture] = await start(point())
    await ping()
    await until('both are recorded', () => capture?.packetsSoFar().length === 2)
    for (const pid of tcpdumps(near)) process.kill(pid, 'SIGKILL')
    await until('tcpdump is gone', () => tcpdumps(near).length === 0)
    const recording = await capture?.stop()
    expect(recording?.blind).to.contain('ended early')
    expect(recording && types(recording)).to.deep.equal([8, 0])
  })

  it('is blind when the interface went down, and after its time limit', async () => {
    const [limited] = await start(point({ limitSeconds: 2 }))
    await until('tcpdump ended itself', () => tcpdumps(near).length === 0)
    expect((await limited?.stop())?.blind).to.contain('time limit of 2 s')
    const [capture] = await start(point())
    run('ip', '-n', near, 'link', 'set', 'c0', 'down')
    const recording = await capture?.stop()
    run('ip', '-n', near, 'link', 'set', 'c0', 'up')
    expect(recording?.blind).to.match(/Network is down|went down/)
  })

  it('leaves no tcpdump behind when disposed, or when its parent is killed', async () => {
    const [disposed] = await start(point())
    await disposed?.[Symbol.asyncDispose]()
    expect(tcpdumps(near)).to.deep.equal([])
    const [orphan] = await start(point())
    const [pid] = tcpdumps(near)
    const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    expect(readFileSync(`/proc/${parent}/comm`, 'utf8').trim()).to.equal('perl')
    process.kill(parent, 'SIGKILL')
    await until('the orphan is gone', () => tcpdumps(near).length === 0)
    expect((await orphan?.stop())?.blind).to.contain('ended early')
  })

  it('does not come up on an interface that is missing or down, with a wrong filter, or in no namespace', async () => {
    const missing = await failure(start(point(), point({ interface: 'nope0' })))
    expect(missing).to.include({ code: 'CAPTURE_START', host: 'here' })
    expect(missing.message).to.contain('no interface nope0')
    expect(tcpdumps(near), 'the other capture was ended').to.deep.equal([])
    expect((await failure(start(point({ interface: 'lo' })))).message).to.contain('interface lo is down')
    expect((await failure(start(point({ filter: 'udp prot 1' })))).message).to.contain('syntax error')
    expect((await failure(start(point({ namespace: '/run/netns/none' })))).message).to.contain(
      'cannot open namespace /run/netns/none',
    )
  })
})
