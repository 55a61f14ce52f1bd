import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { CapturePoint } from '../capture/capture.ts'
import { captured, datagram, fragmentsOf, hosts, vxlan } from '../capture/keep/frames.fake.ts'
import type { OwnTraffic } from '../capture/keep/own-traffic.ts'
import { Recorder } from '../capture/recorder.ts'
import { KeepPolicy } from '../capture/keep/keep-policy.ts'
import type { HostState } from '../observe/host-state.ts'
import { PcapWriter } from '../packet/pcap-writer.ts'
import type { OverlayNetwork, Task } from '../swarm/cluster.ts'
import { withIngress } from '../swarm/no-ingress.ts'
import type { Stack } from '../swarm/stack.ts'
import { onlyOwn, ownTraffic } from './own-traffic.ts'

const point = { interface: 'eth0', direction: 'both' } as CapturePoint
const own: OwnTraffic = {
  dataPathPort: 4789,
  networks: [
    { vni: 4097, subnet: '10.60.1.0/24' },
    { vni: 4098, subnet: '10.60.2.0/24' },
  ],
  ingress: { vni: 4096, tasks: ['10.0.0.7', '10.0.0.8'], sandboxes: ['10.0.0.2'] },
}
const between = { source: '10.60.1.2', destination: '10.60.1.3' }
const theirs = Buffer.from('Cookie: session=of-a-customer')
const exchangeFilter = 'udp port 4789 or esp or (ip[6:2] & 0x3fff != 0)'

/** What the real tcpdump lets through of frames, as a stream. */
function filtered(frames: readonly Buffer[], filter: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'swp-own-'))
  try {
    const file = join(folder, 'in.pcap')
    const timestamp = { seconds: 1_700_000_000, nanoseconds: 0, digits: 9 }
    writeFileSync(file, new PcapWriter().file(frames.map((bytes) => ({ ...captured(bytes), timestamp }))))
    return execFileSync('tcpdump', ['-nr', file, '-w', '-', filter], { stdio: ['ignore', 'pipe', 'ignore'] })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function recorded(frames: readonly Buffer[], filter: string): Recorder {
  const recorder = new Recorder(2 ** 24, new KeepPolicy(own))
  recorder.push(filtered(frames, filter))
  recorder.end()
  return recorder
}

describe('onlyOwn', () => {
  it('lets tcpdump take VXLAN of our networks and of our tasks on ingress, and whatever is no VXLAN', () => {
    const { filter = '' } = onlyOwn({ ...point, filter: 'udp port 4789 or udp port 7946' }, own)
    const onIngress = (source: string, destination: string) =>
      vxlan(4096, datagram(theirs, { source, destination }))
    const ours = [
      vxlan(4097, datagram(theirs, between)),
      vxlan(4098, datagram(theirs, between)),
      onIngress('10.0.0.2', '10.0.0.7'),
      onIngress('10.0.0.8', '10.0.0.2'),
      datagram(theirs, { ...hosts, destinationPort: 7946 }),
    ]
    const others = [vxlan(5000, datagram(theirs, between)), onIngress('10.0.0.2', '10.0.0.9')]
    const recorder = new Recorder(2 ** 24)
    recorder.push(filtered([...ours, ...others], filter))
    recorder.end()
    expect(recorder.packets([4789]).map(({ bytes }) => Buffer.from(bytes))).to.deep.equal(ours)
  })

  it('leaves the filter of a capture inside a namespace alone, and filters one that has no filter', () => {
    const inside = { ...point, namespace: '/run/docker/netns/1-abc' }
    expect(onlyOwn(inside, own)).to.equal(inside)
    expect(onlyOwn(point, { dataPathPort: 4789, networks: [] }).filter).to.equal('(not udp port 4789)')
  })

  it('leaves tcpdump nothing of a customer that the recorder would keep', () => {
    const large = Buffer.from('iban=DE00 of another tenant '.repeat(150))
    const frames = [
      vxlan(4096, datagram(theirs, { source: '10.0.0.2', destination: '10.0.0.9' })),
      vxlan(5000, datagram(theirs, between)),
      ...fragmentsOf(vxlan(5000, datagram(large, between)), 1500),
      vxlan(4097, datagram(Buffer.from('swarmproof'), between)),
    ]
    const { filter = '' } = onlyOwn({ ...point, filter: exchangeFilter }, own)
    const recorder = recorded(frames, filter)
    const file = Buffer.from(recorder.takeFile())
    for (const word of ['session=of-a-customer', 'iban=DE00'])
      expect(file.includes(word), word).to.equal(false)
    expect(recorder.packets([4789])).to.have.lengthOf(1)
    expect(recorder.passedOver).to.deep.equal({ 'fragments of others': 2 })
  })
})

describe('ownTraffic', () => {
  const network = (name: string, vni: number, ingress = false): OverlayNetwork => ({
    ...{ id: name, name, subnet: `10.${vni % 256}.0.0/16`, gateway: '', vni, encrypted: false, ingress },
  })
  const others = {
    clear: network('clear', 4097),
    secret: network('secret', 4098),
    auto: network('auto', 4099),
    extra: network('extra', 4100),
    shop: network('shop', 4101),
  }
  const endpoint = (address: string) => ({ address, mac: '', prefixLength: 24 })
  const tasks = [
    { endpoints: { clear: endpoint('10.1.0.5'), ingress: endpoint('10.0.0.7') } },
    { endpoints: { clear: endpoint('10.1.0.6') } },
  ] as unknown as readonly Task[]
  const inet = (address: string, prefixLength: number) => ({ family: 'inet', address, prefixLength })
  const states = new Map([
    [
      'web1',
      {
        namespaces: {
          ingress_sbox: {
            links: [
              { addresses: [inet('127.0.0.1', 8)] },
              { addresses: [inet('10.0.0.2', 24), inet('10.0.0.5', 32)] },
            ],
          },
        },
      } as unknown as HostState,
    ],
  ])

  it('is the networks of the stack, and on ingress its tasks and the sandboxes of nodes, no virtual address', () => {
    const stack = { networks: withIngress(others, network('ingress', 4096, true)), tasks } as unknown as Stack
    const found = ownTraffic(stack, 4789, states)
    expect(found.networks.map(({ vni }) => vni)).to.deep.equal([4097, 4098, 4099, 4100, 4101])
    expect(found.ingress).to.deep.equal({ vni: 4096, tasks: ['10.0.0.7'], sandboxes: ['10.0.0.2'] })
  })

  it('has no ingress where the swarm has none', () => {
    const stack = { networks: withIngress(others, undefined), tasks } as unknown as Stack
    expect(ownTraffic(stack, 4789, states).ingress).to.equal(undefined)
  })
})
