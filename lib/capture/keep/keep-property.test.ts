import { expect } from 'chai'
import {
  captured,
  datagram,
  type Ends,
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
import { PcapWriter } from '../../packet/pcap-writer.ts'
import { Recorder } from '../recorder.ts'
import { KeepPolicy } from './keep-policy.ts'
import type { OwnTraffic } from './own-traffic.ts'

const own: OwnTraffic = {
  dataPathPort: 4789,
  networks: [{ vni: 4100, subnet: '10.60.1.0/24' }],
  ingress: { vni: 4096, tasks: ['10.0.0.7'], sandboxes: ['10.0.0.2', '10.0.0.3'] },
}
const cookie = Buffer.from('session=5f3c0d;pw')
const rounds = 300
const framesPerRound = 60

type Random = (below: number) => number

/** A linear congruential generator: small, and the same everywhere. */
function generator(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function bytesOf(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)))
}

/** A customer's words, somewhere in data of whatever size. */
function theirs(random: Random): Buffer {
  const times = Array.from({ length: 1 + random(3) }, () =>
    Buffer.concat([bytesOf(random, random(60)), cookie]),
  )
  return Buffer.concat([...times, bytesOf(random, random(200))])
}

function oursOf(random: Random): Buffer {
  return Buffer.concat([Buffer.from('swarmproof '), bytesOf(random, random(1200))])
}

const ourPairs: readonly (readonly [number, Ends])[] = [
  [4100, { source: '10.60.1.2', destination: '10.60.1.3' }],
  [4096, { source: '10.0.0.2', destination: '10.0.0.7' }],
  [4096, { source: '10.0.0.7', destination: '10.0.0.3' }],
]
const theirPairs: readonly (readonly [number, Ends])[] = [
  [5000, { source: '10.60.1.2', destination: '10.60.1.3' }],
  [4096, { source: '10.0.0.2', destination: '10.0.0.9' }],
  [4096, { source: '10.0.0.9', destination: '10.0.0.3' }],
  [4096, { source: '10.0.0.2', destination: '10.0.0.3' }],
  [4096, { source: '172.16.0.1', destination: '10.0.0.7' }],
  [4100, { source: '10.60.1.2', destination: '172.16.0.1' }],
]

/** A frame, or the fragments of one, and whether they are the run's. */
interface Sent {
  readonly frames: readonly Buffer[]
  readonly own: boolean
}

function transport(random: Random, payload: Buffer, ends: Ends): Buffer {
  if (random(2) === 0) return datagram(payload, ends)
  return ip(6, segment(payload, { sequence: random(2 ** 32) }), ends)
}

function overlay(random: Random, isOwn: boolean): Sent {
  const pairs = isOwn ? ourPairs : theirPairs
  const [vni, ends] = pairs[random(pairs.length)] as (typeof pairs)[number]
  const large = Buffer.concat([isOwn ? oursOf(random) : theirs(random), Buffer.alloc(random(2) * 3000, 0x61)])
  const inner = transport(random, isOwn ? large : Buffer.concat([large, cookie]), ends)
  const outer = { ...hosts, identification: random(65_536) }
  const frame = random(8) === 0 ? vxlanOver6(vni, inner) : vxlan(vni, inner, { ends: outer })
  const isFragmented = frame.readUInt16BE(12) === 0x0800 && frame.length > 1514
  const frames = isFragmented ? fragmentsOf(frame, 1500) : [frame]
  return { frames: random(4) === 0 ? frames.map((one) => tagged(one, 0x8100)) : frames, own: isOwn }
}

const kinds: readonly ((random: Random) => Sent)[] = [
  (random) => overlay(random, true),
  (random) => overlay(random, false),
  (random) => overlay(random, false),
  (random) => ({
    frames: fragmentsOf(ip(50, Buffer.concat([bytesOf(random, 8), theirs(random)])), 1500),
    own: false,
  }),
  (random) => {
    const ports = [
      { sourcePort: 7946, destinationPort: 7946 },
      { destinationPort: 4500 },
      { destinationPort: 53 },
    ]
    return { frames: [datagram(theirs(random), { ...hosts, ...ports[random(3)] })], own: false }
  },
  (random) => {
    const record = Buffer.from([23, 3, 3, random(2), random(256)])
    const payload = Buffer.concat([random(2) === 0 ? record : Buffer.alloc(0), theirs(random)])
    const destinationPort = [2377, 7946, 80][random(3)] ?? 0
    const flags = random(6) === 0 ? 0x02 : 0x18
    const sequence = random(3) * 40
    return {
      frames: [ip(6, segment(payload, { destinationPort, sequence, flags, sourcePort: 50_000 + random(3) }))],
      own: false,
    }
  },
  (random) => {
    const [vni, quoted] = theirPairs[random(theirPairs.length)] as (typeof theirPairs)[number]
    const ends = random(2) === 0 ? { source: '10.0.0.7', destination: '10.0.0.2' } : quoted
    return { frames: [vxlan(vni, icmpError(datagram(theirs(random), quoted), ends))], own: false }
  },
  (random) => ({
    frames: [datagram(theirs(random), hosts), ethernet(theirs(random), random(65_536))],
    own: false,
  }),
  (random) => ({ frames: [theirs(random)], own: false }),
]

/** Customers among us, in any order, cut at any length. */
describe('property: of random frames', function () {
  this.timeout(60_000)
  for (const inside of [false, true]) {
    it(`no byte of others is kept and all of ours is${inside ? ', inside a namespace' : ''}`, () => {
      let [oursKept, foreignSeen] = [0, 0]
      for (let round = 0; round < rounds; round += 1) {
        const random = generator(round)
        const policy = new KeepPolicy(own, { inside, words: ['swp-web'] })
        const expected: Buffer[] = []
        const frames: Buffer[] = []
        while (frames.length < framesPerRound) {
          const { frames: some, own: isOwn } = (kinds[random(kinds.length)] as (typeof kinds)[number])(random)
          const whole = random(4) > 0
          const snapshot = whole ? 65_535 : random(400)
          if (isOwn && whole) expected.push(...some)
          if (!isOwn) foreignSeen += some.length
          frames.push(...some.map((frame) => frame.subarray(0, snapshot)))
        }
        shuffleNearby(frames, random)
        const { file, stored } = recorded(frames, policy, random)
        expect(file.includes(cookie), `round ${round}: the file`).to.equal(false)
        for (const bytes of stored) expect(bytes.includes(cookie), `round ${round}`).to.equal(false)
        for (const frame of expected)
          expect(
            stored.some((bytes) => bytes.equals(frame)),
            `round ${round}: ours is kept`,
          ).to.equal(true)
        oursKept += expected.length
      }
      expect(oursKept).to.be.above(1000)
      expect(foreignSeen).to.be.above(10_000)
    })
  }
})

describe('property: of damaged frames', function () {
  this.timeout(60_000)
  it('none makes it throw, and none is kept longer than it was', () => {
    const random = generator(99)
    const policies = [false, true].map(
      (inside) => new KeepPolicy(own, { inside, markers: ['swarmproof'], words: ['a'] }),
    )
    for (let count = 0; count < 20_000; count += 1) {
      const { frames } = (kinds[random(kinds.length)] as (typeof kinds)[number])(random)
      const frame = Buffer.from(frames[random(frames.length)] as Buffer)
      for (let hits = random(6); hits > 0; hits -= 1) frame[random(frame.length)] = random(256)
      const cut = frame.subarray(0, random(2) === 0 ? frame.length : random(frame.length + 1))
      for (const policy of policies)
        policy.take(captured(cut, count, 1_700_000_000 + count / 1000), ({ bytes, number }) => {
          if (number === count) expect(bytes.byteLength).to.be.at.most(cut.length)
        })
    }
  })
})

/** By way of a stream in chunks of any size, whose memory is used again. */
function recorded(
  frames: readonly Buffer[],
  policy: KeepPolicy,
  random: Random,
): { readonly file: Buffer; readonly stored: readonly Buffer[] } {
  const recorder = new Recorder(2 ** 24, policy)
  const writer = new PcapWriter()
  const records = frames.map(({ length }, index) => {
    const timestamp = { seconds: 1_700_000_000, nanoseconds: index * 1_000_000, digits: 9 }
    return writer.record({
      ...captured(frames[index] as Buffer),
      timestamp,
      originalBytes: Math.max(60, length),
    })
  })
  const stream = Buffer.concat([writer.header(), ...records])
  const parts: Uint8Array[] = []
  const chunk = Buffer.alloc(4096)
  for (let at = 0; at < stream.length;) {
    const length = stream.copy(chunk, 0, at, at + 1 + random(4096))
    recorder.push(chunk.subarray(0, length))
    parts.push(recorder.takeFile())
    chunk.fill(0xee)
    at += length
  }
  recorder.end()
  parts.push(recorder.takeFile())
  expect(recorder.trouble).to.equal(undefined)
  return {
    file: Buffer.concat(parts),
    stored: recorder.packets(undefined).map(({ bytes }) => Buffer.from(bytes)),
  }
}

/** As packets overtake each other: by a few places. */
function shuffleNearby(frames: Buffer[], random: Random): void {
  for (let at = 0; at + 1 < frames.length; at += 1) {
    const other = Math.min(frames.length - 1, at + random(6))
    const [a, b] = [frames[at] as Buffer, frames[other] as Buffer]
    frames[at] = b
    frames[other] = a
  }
}
