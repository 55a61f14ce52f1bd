import { existingHosts } from '../host/origin.ts'
import { machineOrigin } from '../host/vm/origin.ts'
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { labImage } from '../loaded-image.ts'
import { datagram } from '../capture/keep/frames.fake.ts'
import type { Host } from '../host/host.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { encodeVxlan } from '../packet/encode.ts'
import type { Topology } from '../topology/topology.ts'
import type { Wire } from './context.ts'
import type { ReadyLab } from './bring-up.ts'
import type { RunStore } from './run-store.ts'
import { Observations } from './observations.ts'
import { sharedContext } from './shared-context.ts'

const cookie = 'session=of-a-customer'
const ours = 'swarmproof 0123456789ab'

/** VXLAN on the loopback of this machine: of a network of the run's, and of one of somebody else's. */
describe('the wire of a run', function () {
  this.timeout(30_000)
  let folder = ''
  let logged: object[] = []
  before(function () {
    if (process.getuid?.() !== 0 || spawnSync('tcpdump', ['-h']).error !== undefined) {
      console.log('      skipped: needs root and tcpdump')
      this.skip()
    }
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    logged = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const contextOf = (origin: Host['origin'], disruptive: readonly string[]) => {
    const host = { ...nativeHost('here'), origin }
    const clear = { name: 'clear', vni: 4097, subnet: '10.60.1.0/24', ingress: false }
    const raised = {
      lab: { hosts: [host] },
      cluster: { manager: { host }, nodes: [{ host, dataPath: {}, advertise: {} }], dataPathPort: 4789 },
      stack: {
        networks: { clear },
        tasks: [],
        services: {},
        names: { prefix: 'swp' },
        probeTask: { image: labImage, nonce: '0123456789abcdef01234567' },
      },
      states: new Map(),
    } as unknown as ReadyLab
    return sharedContext(raised, {
      topology: { stack: {} } as Topology,
      signal: new AbortController().signal,
      store: { folder, log: { info: (entry: object) => logged.push(entry) } } as unknown as RunStore,
      captures: 'captures',
      observations: new Observations({ writeJson: () => undefined }, ''),
      statesAreCurrent: true,
      disruptive,
    })
  }

  /** What a capture of the loopback stored meanwhile, and how often each word is in it. */
  const stored = async (wire: Wire, host: Host): Promise<{ cookies: number; ours: number }> => {
    const point = { host, interface: 'lo', direction: 'both' as const, filter: 'udp port 4789' }
    const socket = createSocket('udp4')
    const ends = { source: '10.60.1.2', destination: '10.60.1.3' }
    const send = (vni: number, text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const payload = encodeVxlan(vni, datagram(Buffer.from(text), ends))
        socket.send(payload, 4789, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)))
      })
    try {
      const { recordings } = await wire.during([point], async () => {
        await send(4097, ours)
        await send(5000, cookie)
      })
      const content = recordings.map(({ file }) => readFileSync(file, 'latin1')).join('')
      const inMemory = recordings
        .flatMap(({ packets }) => packets)
        .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
      expect(inMemory.join('').split(cookie).length, 'in memory as in the file').to.equal(
        content.split(cookie).length,
      )
      return { cookies: content.split(cookie).length - 1, ours: content.split(ours).length - 1 }
    } finally {
      socket.close()
    }
  }
  const test = (id: string, safety: 'lab' | 'production') => ({ id, safety })

  it('stores on existing hosts what is the run’s alone, in files for their owner alone', async () => {
    const context = contextOf(existingHosts, [])
    const { cookies, ours: own } = await stored(context.wire, context.cluster.manager.host)
    expect({ cookies, own: own > 0 }).to.deep.equal({ cookies: 0, own: true })
    expect(logged).to.deep.equal([{ host: 'here', interface: 'lo', passedOver: {} }])
    const captures = join(folder, 'captures')
    expect(statSync(captures).mode & 0o777).to.equal(0o700)
    for (const name of readdirSync(captures))
      expect(statSync(join(captures, name)).mode & 0o777).to.equal(0o600)
  })

  it('stores everything for a disruptive requirement that was named, and for it alone', async () => {
    const context = contextOf(existingHosts, ['RES-02', 'ENC-01'])
    const { host } = context.cluster.manager
    const cookies = async (wire: Wire): Promise<boolean> => (await stored(wire, host)).cookies > 0
    expect(await cookies(context.asking(test('RES-02', 'lab')).wire), 'named').to.equal(true)
    expect(await cookies(context.asking(test('RES-03', 'lab')).wire), 'not named').to.equal(false)
    expect(await cookies(context.asking(test('ENC-01', 'production')).wire), 'not disruptive').to.equal(false)
    const scene = await context.asking(test('RES-02', 'lab')).once('scene', ({ wire }) => cookies(wire))
    expect(scene, 'shared with others').to.equal(false)
  })

  it('stores everything on labs of swarmproof’s own', async () => {
    const context = contextOf(machineOrigin, [])
    expect((await stored(context.wire, context.cluster.manager.host)).cookies).to.be.above(0)
  })
})
