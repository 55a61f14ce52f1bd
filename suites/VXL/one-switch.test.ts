import { expect } from 'chai'
import { decode } from '../../lib/packet/decode.ts'
import { encodeEthernet, encodeIpv4, encodeUdp, encodeVxlan } from '../../lib/packet/encode.ts'
import { frameOf } from '../../lib/conformance/wire-seen.ts'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import type { SeenFrame } from '../../lib/observation/frame.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { isEchoBetween, type Station, switchProblems as problemsOf } from './one-switch.ts'

const switchProblems = (...given: [SeenFrame, ReadonlyMap<string, Station>]): string[] =>
  problemsOf(...given, 'net').map(describeProblem)

const web: Station = { label: 'web@worker1', node: 'worker1', address: '10.91.1.2', mac: '02:42:0a:5b:01:02' }
const rr: Station = { label: 'rr@manager', node: 'manager', address: '10.91.1.3', mac: '02:42:0a:5b:01:03' }
const stations = new Map([web, rr].map((station) => [station.address, station]))
/** An echo in VXLAN, as the underlay of the sender sees it. */
function echo(from: Station, to: Station, ttl = 64, mac = to.mac): SeenFrame {
  const icmp = Buffer.from([8, 0, 0, 0, 0, 1, 0, 1])
  const ip = { source: from.address, destination: to.address, protocol: 1, ttl }
  const inner = encodeEthernet(
    { source: from.mac, destination: mac, etherType: 0x0800 },
    encodeIpv4(ip, icmp),
  )
  const hosts = { source: '192.168.56.12', destination: '192.168.56.11' }
  const udp = encodeUdp({ ...hosts, sourcePort: 49152, destinationPort: 4789 }, encodeVxlan(4097, inner))
  const macs = { source: '52:54:00:00:00:12', destination: '52:54:00:00:00:11', etherType: 0x0800 }
  const bytes = encodeEthernet(macs, encodeIpv4({ ...hosts, protocol: 17 }, udp))
  const packet = {
    ...{ number: 1, timestamp: { seconds: 0, nanoseconds: 0, digits: 6 }, linkType: 1, bytes },
    ...{ capturedBytes: bytes.length, originalBytes: bytes.length, ...decode(bytes) },
  } as Packet
  return { ...frameOf(packet, { mac: macs.source, words: {} }), file: 'x.pcap', seenOn: 'worker1' }
}

describe('frames as on one switch', () => {
  it('go from MAC to MAC with the TTL they were sent with', () => {
    expect(isEchoBetween(echo(web, rr), stations)).to.equal(true)
    expect(switchProblems(echo(web, rr), stations)).to.deep.equal([])
  })

  it('do not when a router took a hop off', () => {
    expect(switchProblems(echo(web, rr, 63), stations)).to.deep.equal([
      'web@worker1 → rr@manager, net: seen on worker1: the inner TTL is 63, expected 64, 128, 255, as it was sent',
    ])
  })

  it('do not when they go to somebody else’s MAC, or come from it', () => {
    expect(switchProblems(echo(web, rr, 64, '02:42:0a:5b:01:09'), stations)[0]).to.include(
      'the inner destination MAC is 02:42:0a:5b:01:09, expected its own 02:42:0a:5b:01:03',
    )
    const moved = new Map([...stations, [web.address, { ...web, mac: '02:42:0a:5b:01:08' }]])
    expect(switchProblems(echo(web, rr), moved)[0]).to.include('the inner source MAC is 02:42:0a:5b:01:02')
  })

  it('are judged between tasks only', () => {
    const balancer: Station = { label: 'lb', node: 'manager', address: '10.91.1.9', mac: '02:42:0a:5b:01:09' }
    expect(isEchoBetween(echo(balancer, rr), stations)).to.equal(false)
    expect(switchProblems(echo(balancer, rr, 63), stations)).to.deep.equal([])
  })
})
