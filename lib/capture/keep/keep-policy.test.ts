import { expect } from 'chai'
import { decode } from '../../packet/decode.ts'
import {
  captured,
  datagram,
  ethernet,
  fragmentsOf,
  hosts,
  icmpError,
  ip,
  segment,
  tagged,
  vxlan,
  vxlanOver6,
} from './frames.fake.ts'
import type { CapturedFrame } from './captured-frame.ts'
import { KeepPolicy } from './keep-policy.ts'
import type { OwnTraffic, Sought } from './own-traffic.ts'

const own: OwnTraffic = {
  dataPathPort: 4789,
  networks: [
    { vni: 4100, subnet: '10.60.1.0/24' },
    { vni: 4101, subnet: '10.60.2.0/24' },
  ],
  ingress: { vni: 4096, tasks: ['10.0.0.7', '10.0.0.8'], sandboxes: ['10.0.0.2', '10.0.0.3'] },
}
const ours = { source: '10.60.1.2', destination: '10.60.1.3' }
const toOurTask = { source: '10.0.0.2', destination: '10.0.0.7' }
const toTheirTask = { source: '10.0.0.2', destination: '10.0.0.9' }
const cookie = Buffer.from('session=of-a-customer; password=hunter2')
const data = Buffer.from('swarmproof 0123456789abcdef')

function keep(frames: readonly Uint8Array[], sought: Sought = {}) {
  const policy = new KeepPolicy(own, sought)
  const kept: CapturedFrame[] = []
  frames.forEach((bytes, index) =>
    policy.take(captured(bytes, index + 1, 1_700_000_000 + index / 1000), (frame) =>
      kept.push({ ...frame, bytes: new Uint8Array(frame.bytes) }),
    ),
  )
  policy.end()
  return { kept, bytes: kept.map(({ bytes }) => Buffer.from(bytes)), passedOver: policy.passedOver }
}

describe('what a capture keeps', () => {
  it('is VXLAN between endpoints of the run’s own networks, as it is', () => {
    const frames = [
      vxlan(4100, datagram(data, ours)),
      vxlan(4101, datagram(data, { source: '10.60.2.2', destination: '10.60.2.3' })),
      tagged(vxlan(4100, datagram(data, ours)), 0x8100),
      tagged(vxlan(4100, datagram(data, ours)), 0x88a8, 0x8100),
      vxlanOver6(4100, datagram(data, ours)),
    ]
    expect(keep(frames).bytes).to.deep.equal(frames)
    expect(keep(frames).passedOver).to.deep.equal({})
  })

  it('is no VXLAN of any other network, and counts it', () => {
    const { kept, passedOver } = keep([
      vxlan(5000, datagram(cookie, ours)),
      vxlan(4789, datagram(cookie, ours)),
      vxlanOver6(5000, datagram(cookie, ours)),
    ])
    expect(kept).to.deep.equal([])
    expect(passedOver).to.deep.equal({ 'VXLAN of other networks': 3 })
  })

  it('is on ingress what has a task of ours at one end and an end of ours at the other', () => {
    const back = { source: toOurTask.destination, destination: toOurTask.source }
    const between = { source: '10.0.0.7', destination: '10.0.0.8' }
    const frames = [toOurTask, back, between].map((ends) => vxlan(4096, datagram(data, ends)))
    expect(keep(frames).bytes).to.deep.equal(frames)
    const theirs = [
      toTheirTask,
      { source: '10.0.0.9', destination: '10.0.0.2' },
      // A node's sandbox speaks for everybody's clients.
      { source: '10.0.0.2', destination: '10.0.0.3' },
      { source: '10.0.0.9', destination: '10.0.0.7' },
    ].map((ends) => vxlan(4096, datagram(cookie, ends)))
    expect(keep(theirs).kept).to.deep.equal([])
    expect(keep(theirs).passedOver).to.deep.equal({ 'VXLAN of others on ingress': 4 })
  })

  it('is of foreign addresses on an own network their header alone', () => {
    const frame = vxlan(4100, datagram(cookie, { source: '10.60.1.2', destination: '10.99.0.1' }))
    const [bytes] = keep([frame]).bytes
    expect(bytes).to.deep.equal(frame.subarray(0, 14 + 20 + 8 + 8 + 14 + 20))
    const addresses = decode(bytes ?? Buffer.alloc(0), { originalBytes: frame.length }).layers.filter(
      (layer) => layer.protocol === 'ipv4',
    )
    expect(addresses[1]).to.include({ source: '10.60.1.2', destination: '10.99.0.1' })
  })

  it('is ARP between endpoints of an own network, without its padding', () => {
    const body = Buffer.from('0001080006040001024200000002', 'hex')
    const arp = (sender: number[], target: number[]) =>
      ethernet(Buffer.concat([body, Buffer.from([...sender, 0, 0, 0, 0, 0, 0, ...target]), cookie]), 0x0806)
    const [first, ...none] = keep([
      vxlan(4100, arp([10, 60, 1, 2], [10, 60, 1, 3])),
      vxlan(4100, arp([10, 60, 1, 2], [10, 99, 1, 3])),
      vxlan(4096, arp([10, 0, 0, 2], [10, 0, 0, 7])),
    ]).bytes
    expect(first?.length).to.equal(50 + 14 + 28)
    expect(none).to.deep.equal([])
  })

  it('is of ESP no more than SPI and sequence number, with the length it had', () => {
    const frame = ip(50, Buffer.concat([Buffer.from('0000100100000007', 'hex'), cookie]))
    const [kept] = keep([frame]).kept
    expect(kept?.bytes.byteLength).to.equal(42)
    expect(kept?.originalBytes).to.equal(frame.length)
    const { layers } = decode(kept?.bytes ?? Buffer.alloc(0), { originalBytes: frame.length })
    expect(layers.at(-1)).to.include({ protocol: 'esp', spi: '0x00001001', sequence: 7 })
  })

  it('is of gossip its headers, its first byte, and where it was printable', () => {
    const gossip = { ...hosts, sourcePort: 7946, destinationPort: 7946 }
    const payload = Buffer.concat([Buffer.from([1, 200, 0x41, 0x42]), cookie, Buffer.from('swp-web')])
    const [bytes] = keep([datagram(payload, gossip)], { words: ['swp-web'] }).bytes
    const masked = bytes?.subarray(42)
    expect(masked?.subarray(0, 4).toString('hex')).to.equal('01002e2e')
    expect(masked?.subarray(4, -7).toString()).to.equal('.'.repeat(cookie.length))
    expect(masked?.subarray(-7).toString()).to.equal('swp-web')
    const onTcp = ip(6, segment(cookie, { destinationPort: 7946 }))
    expect(keep([onTcp]).bytes).to.deep.equal([onTcp.subarray(0, 54)])
  })

  it('is of port 2377 its headers and those of TLS records', () => {
    const records = Buffer.concat([
      Buffer.from('1703030027', 'hex'),
      cookie,
      Buffer.from('1503030002', 'hex'),
      Buffer.from([200, 201]),
    ])
    const frame = ip(6, segment(records, { destinationPort: 2377 }))
    const [bytes] = keep([frame]).bytes
    expect(bytes?.subarray(0, 59)).to.deep.equal(frame.subarray(0, 59))
    expect(bytes?.subarray(59, 59 + cookie.length).toString()).to.equal('.'.repeat(cookie.length))
    expect(bytes?.subarray(59 + cookie.length).toString('hex')).to.equal('15030300020000')
    const clear = ip(6, segment(cookie, { destinationPort: 2377, sourcePort: 50_001 }))
    expect(keep([clear]).bytes).to.deep.equal([clear.subarray(0, 54)])
  })

  it('is of port 2377 no byte that cannot be of a TLS header, however small the segments', () => {
    const pieces = (size: number, withSyn: boolean): Buffer[] =>
      Array.from({ length: Math.ceil(cookie.length / size) }, (_, index) => {
        const [at, destinationPort] = [1 + index * size, 2377]
        const piece = ip(
          6,
          segment(cookie.subarray(at - 1, at - 1 + size), { destinationPort, sequence: at }),
        )
        const start = ip(6, segment(Buffer.alloc(0), { destinationPort, sequence: at - 1, flags: 2 }))
        return withSyn ? [start, piece] : [piece]
      }).flat()
    for (let size = 1; size < 8; size += 1) {
      for (const withSyn of [false, true]) {
        const policy = new KeepPolicy(own)
        const kept: Buffer[] = []
        for (const [index, frame] of pieces(size, withSyn).entries())
          policy.take(captured(frame, index + 1, 1000 + index), ({ bytes }) => kept.push(Buffer.from(bytes)))
        const payload = Buffer.concat(kept.map((bytes) => bytes.subarray(54))).toString('latin1')
        expect(payload, `${size} bytes`).to.match(/^[.\0]*$/)
      }
    }
  })

  it('is whatever holds a marker, and nothing else of its kind', () => {
    const query = (text: string) => datagram(Buffer.from(text), { ...hosts, destinationPort: 53 })
    const [mine, theirs] = [query('where is 0123456789ab.example'), query('where is shop.example')]
    const { bytes, passedOver } = keep([mine, theirs], { markers: ['0123456789ab'] })
    expect(bytes).to.deep.equal([mine.subarray(0, -'.example'.length)])
    expect(passedOver).to.deep.equal({ 'UDP of others': 1 })
  })

  it('ends with its marker, the last if there are several, whatever kind of frame it is', () => {
    const text = Buffer.from('of us 0123456789ab, again 0123456789ab, Cookie: session=of-a-customer')
    const frames = [
      datagram(text, { ...hosts, destinationPort: 53 }),
      ip(6, segment(text)),
      ip(47, text),
      ethernet(text, 0x88b6),
      vxlan(5000, datagram(text, toTheirTask)),
    ]
    const { bytes } = keep(frames, { markers: ['0123456789ab', 'none'] })
    expect(bytes.map((one) => one.toString('latin1').replace(/^.*of us/s, 'of us'))).to.deep.equal(
      frames.map(() => 'of us 0123456789ab, again 0123456789ab'),
    )
  })

  it('shows of gossip and management the marker, and of what is sent along no more than without one', () => {
    const text = Buffer.from('\x01service shop-checkout of a customer 0123456789ab 10.9.8.7 db-password')
    const frames = [
      datagram(text, { ...hosts, sourcePort: 7946, destinationPort: 7946 }),
      ip(6, segment(text, { destinationPort: 2377 })),
      // Amid a stream: where its records begin is not known.
      ip(6, segment(text, { destinationPort: 2377, sequence: 90_000 })),
    ]
    const { bytes } = keep(frames, { markers: ['0123456789ab'], words: ['db-password'] })
    expect(bytes).to.have.lengthOf(frames.length)
    for (const one of bytes)
      expect(one.subarray(-text.length + 1).toString('latin1')).to.match(/^\.+0123456789ab\.+db-password$/)
  })

  it('is inside a task’s namespace what is between two endpoints of ours, and outside nothing of it', () => {
    const frames = [datagram(data, ours), datagram(data, toOurTask)]
    const theirs = [
      datagram(cookie, toTheirTask),
      datagram(cookie, { source: '10.60.1.2', destination: '192.0.2.9' }),
      datagram(cookie, { source: '10.60.1.2', destination: '10.60.2.2' }),
    ]
    expect(keep([...frames, ...theirs], { inside: true }).bytes).to.deep.equal(frames)
    expect(keep([...frames, ...theirs]).bytes).to.deep.equal([])
    const parts = fragmentsOf(datagram(Buffer.alloc(4000, 0x73), ours), 1450)
    expect(keep(parts, { inside: true }).bytes).to.deep.equal(parts)
  })

  it('is of an ICMP error no more than the ports of a quoted packet of ours', () => {
    const quoting = (ends: typeof ours, quoted: typeof ours) =>
      vxlan(4096, icmpError(datagram(cookie, quoted), ends))
    const back = { source: '10.0.0.7', destination: '10.0.0.2' }
    const [own, foreign] = [keep([quoting(back, toOurTask)]).bytes, keep([quoting(back, toTheirTask)]).bytes]
    expect(own[0]?.length).to.equal(50 + 14 + 20 + 8 + 20 + 8)
    expect(foreign[0]?.length).to.equal(50 + 14 + 20 + 8)
  })

  it('has no padding behind an IP packet', () => {
    const frame = vxlan(4100, datagram(data, ours))
    expect(keep([Buffer.concat([frame, cookie])]).bytes).to.deep.equal([frame])
    const inner = Buffer.concat([datagram(data, ours), cookie])
    expect(keep([vxlan(4100, inner)]).bytes).to.deep.equal([vxlan(4100, inner).subarray(0, -cookie.length)])
  })

  it('is nothing of what was cut off before it could be told, or is of another link', () => {
    const frame = vxlan(4100, datagram(data, ours))
    for (let length = 0; length < 50 + 14 + 20; length += 1)
      expect(keep([frame.subarray(0, length)]).kept, `${length} bytes`).to.deep.equal([])
    const policy = new KeepPolicy(own)
    policy.take({ ...captured(frame), linkType: 113 }, () => expect.fail('kept'))
    expect(policy.passedOver).to.deep.equal({ 'of a link that is not Ethernet': 1 })
  })
})

describe('fragments that a capture keeps', () => {
  const large = (ends: typeof ours, vni = 4100, id = 7): Buffer[] =>
    fragmentsOf(
      vxlan(vni, datagram(Buffer.alloc(4000, 0x73), ends), { ends: { ...hosts, identification: id } }),
      1500,
    )

  it('are all of a datagram of ours, in whatever order', () => {
    const parts = large(ours)
    expect(parts.length).to.be.above(2)
    expect(keep(parts).bytes).to.deep.equal(parts)
    const reversed = [...parts].reverse()
    expect(keep(reversed).bytes.map(String).sort()).to.deep.equal(parts.map(String).sort())
  })

  it('are none of others’, with or without their first', () => {
    const theirs = large(ours, 5000)
    expect(keep(theirs)).to.deep.include({
      kept: [],
      passedOver: { 'VXLAN of other networks': 1, 'fragments of others': theirs.length - 1 },
    })
    expect(keep(theirs.slice(1)).kept).to.deep.equal([])
  })

  it('are none that came too late, or again, or once the datagram was whole', () => {
    const parts = large(ours)
    const forged = large(ours, 5000).slice(1)
    expect(keep([...parts, ...forged]).bytes).to.deep.equal(parts)
    expect(keep([parts[0] as Buffer, parts[1] as Buffer, parts[1] as Buffer]).kept).to.have.lengthOf(2)
    const policy = new KeepPolicy(own)
    const kept: CapturedFrame[] = []
    policy.take(captured(parts[0] as Buffer, 1, 1000), (frame) => kept.push(frame))
    policy.take(captured(parts[1] as Buffer, 2, 1002.5), (frame) => kept.push(frame))
    expect(kept).to.have.lengthOf(1)
  })

  it('are none that lie across another one of their datagram', () => {
    const parts = large(ours)
    const across = Buffer.from(parts[1] as Buffer)
    for (const eights of [-1, 1]) {
      across.writeUInt16BE((parts[1] as Buffer).readUInt16BE(20) + eights, 20)
      expect(keep([parts[0] as Buffer, parts[1] as Buffer, across]).kept).to.have.lengthOf(2)
    }
    across.writeUInt16BE((parts[1] as Buffer).readUInt16BE(20) - 1, 20)
    expect(keep([parts[0] as Buffer, across]).kept, 'across the first').to.have.lengthOf(1)
  })

  it('are held for their first within bounds', () => {
    const late = (gap: number): number => {
      const [first, ...tails] = large(ours)
      const policy = new KeepPolicy(own)
      let count = 0
      for (const tail of tails) policy.take(captured(tail, 1, 1000), () => (count += 1))
      policy.take(captured(first as Buffer, 2, 1000 + gap), () => (count += 1))
      return count
    }
    expect(late(0.5)).to.equal(large(ours).length)
    expect(late(1.5)).to.equal(1)
    const tails = Array.from({ length: 200 }, (_, id) => large(ours, 4100, id + 100)[1] as Buffer)
    const firsts = Array.from({ length: 200 }, (_, id) => large(ours, 4100, id + 100)[0] as Buffer)
    const policy = new KeepPolicy(own)
    let kept = 0
    for (const frame of [...tails, ...firsts]) policy.take(captured(frame, 1, 1000), () => (kept += 1))
    expect(kept - firsts.length).to.equal(64)
  })

  it('are of ESP their IP header', () => {
    const esp = Buffer.concat([Buffer.from('0000100100000007', 'hex'), Buffer.alloc(3000, 0x55)])
    const { kept } = keep(fragmentsOf(ip(50, esp), 1500))
    expect(kept.map(({ bytes }) => bytes.byteLength)).to.deep.equal([42, 34, 34])
  })
})
