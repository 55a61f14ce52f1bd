import { expect } from 'chai'
import { captured, datagram, hosts, ip, segment } from '../../lib/capture/keep/frames.fake.ts'
import { KeepPolicy } from '../../lib/capture/keep/keep-policy.ts'
import { decode } from '../../lib/packet/decode.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { isManagement, readablePayload, transportPayload } from '../scene/recordings/control-traffic.ts'
import { clearForm } from './gossip-cipher.ts'
import { readableNames } from './readable-names.ts'
import { tcpStreams } from './tcp-stream.ts'
import { type TlsJudgement, judgeTls } from './tls-records.ts'

type Random = (below: number) => number

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

const names = ['swp-web', 'swp-secret', 'worker1']

interface Timed {
  readonly frame: Buffer
  readonly seconds: number
}

function packetOf({ frame, seconds }: Timed, number: number, bytes: Uint8Array = frame): Packet {
  const { nanoseconds, ...rest } = captured(bytes, number, seconds)
  return {
    ...rest,
    timestamp: { seconds: rest.seconds, nanoseconds, digits: 9 },
    capturedBytes: bytes.byteLength,
    originalBytes: frame.length,
    ...decode(bytes, { originalBytes: frame.length }),
  }
}

/** The packets as an existing host's recording would hold them. */
function masked(frames: readonly Timed[], markers: readonly string[] = []): Packet[] {
  const policy = new KeepPolicy({ dataPathPort: 4789, networks: [] }, { words: names, markers })
  const packets: Packet[] = []
  frames.forEach((timed, index) =>
    policy.take(captured(timed.frame, index + 1, timed.seconds), ({ bytes }) =>
      packets.push(packetOf(timed, index + 1, new Uint8Array(bytes))),
    ),
  )
  return packets
}

interface Shape {
  readonly isTls: boolean
  readonly fromStart: boolean
  readonly name?: string
}

/** A stream to the management port in segments of any length, some after a pause, some sent twice. */
function stream(random: Random, { isTls, fromStart, name = '' }: Shape, drop = false): Timed[] {
  const records = Array.from({ length: 3 + random(8) }, () => {
    const body = Buffer.concat([
      bytesOf(random, random(900)),
      Buffer.from(name),
      bytesOf(random, 1 + random(900)),
    ])
    const header = Buffer.from([20 + random(5), 3, 3, body.length >>> 8, body.length & 0xff])
    return isTls ? Buffer.concat([header, body]) : Buffer.concat([Buffer.from('GET / HTTP/1.1\r\n'), body])
  })
  const frames: Timed[] = []
  let [sequence, seconds] = [random(2 ** 32), 1_700_000_000]
  const send = (payload: Buffer, flags = 0x18): void => {
    frames.push({ frame: ip(6, segment(payload, { destinationPort: 2377, sequence, flags })), seconds })
  }
  if (fromStart) {
    send(Buffer.alloc(0), 0x02)
    sequence = (sequence + 1) >>> 0
  }
  // A writer sends whole records, and pauses between two of them.
  for (const record of records) {
    if (random(2) === 0) seconds += 1
    for (let at = 0; at < record.length;) {
      const payload = record.subarray(at, at + 1 + random(700))
      if (!drop || random(6) > 0) send(payload)
      if (random(8) === 0) send(payload)
      sequence = (sequence + payload.length) >>> 0
      seconds += 0.001
      at += payload.length
    }
  }
  return fromStart ? frames : frames.slice(random(4))
}

function judged(packets: readonly Packet[]): {
  kind: TlsJudgement['kind']
  records: number
  names: string[]
} {
  const [only] = tcpStreams(packets)
  if (only === undefined) return { kind: 'undecided', records: 0, names: [] }
  const judgement = judgeTls(only)
  if (judgement.kind !== 'tls') return { kind: judgement.kind, records: 0, names: [] }
  return { kind: 'tls', records: judgement.records, names: readableNames(judgement.applicationData, names) }
}

describe('a stream of the management port, of which only headers of records are kept', function () {
  this.timeout(60_000)
  const both = (frames: readonly Timed[]) => ({
    whole: judged(frames.map((one, index) => packetOf(one, index + 1))),
    kept: judged(masked(frames)),
  })

  it('is judged as the whole one, from its start', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const isTls = seed % 3 > 0
      const { whole, kept } = both(stream(generator(seed), { isTls, fromStart: true }))
      expect(whole.kind, `seed ${seed}`).to.equal(isTls ? 'tls' : 'not-tls')
      expect(kept, `seed ${seed}`).to.deep.equal(whole)
    }
  })

  it('is never found to be no TLS for what was not kept, nor TLS where the whole one is none', () => {
    let decided = 0
    for (let seed = 0; seed < 600; seed += 1) {
      const isTls = seed % 3 > 0
      const { whole, kept } = both(stream(generator(seed), { isTls, fromStart: seed % 2 === 0 }, true))
      const [never, other] = isTls ? ['not-tls', 'tls'] : ['tls', 'not-tls']
      if (whole.kind !== never) expect(kept.kind, `seed ${seed}`).to.not.equal(never)
      if (kept.kind === other) decided += 1
    }
    expect(decided).to.be.above(300)
  })

  it('shows a name that is readable in a record', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const random = generator(seed)
      const body = Buffer.concat([bytesOf(random, random(300)), Buffer.from('swp-secret')])
      const record = Buffer.concat([Buffer.from([23, 3, 3, body.length >>> 8, body.length & 0xff]), body])
      const frame = ip(6, segment(record, { destinationPort: 2377 }))
      expect(judged(masked([{ frame, seconds: 1_700_000_000 }])).names).to.deep.equal(['swp-secret'])
    }
  })
})

describe('gossip, of which only what is printable is kept', () => {
  it('is judged as the whole datagram', () => {
    const gossip = { ...hosts, sourcePort: 7946, destinationPort: 7946 }
    for (let seed = 0; seed < 500; seed += 1) {
      const random = generator(seed)
      const text = Buffer.from('service operator-shop on node worker1 '.repeat(1 + random(6)))
      const content = [bytesOf(random, random(300)), text, Buffer.concat([bytesOf(random, 9), text])][
        random(3)
      ]
      const payload = Buffer.concat([Buffer.from([random(3)]), content ?? text])
      const timed = { frame: datagram(payload, gossip), seconds: 1_700_000_000 }
      const [kept] = masked([timed]).map(transportPayload)
      const how = (bytes: Uint8Array) => clearForm(bytes)
      expect(how(kept ?? Buffer.alloc(0)), `seed ${seed}`).to.equal(how(payload))
      expect(readableNames([Buffer.from(kept ?? [])], names)).to.deep.equal(readableNames([payload], names))
      expect(Buffer.from(kept ?? []).includes('operator-shop')).to.equal(false)
    }
  })
})

describe('what we send in clear to the management port', () => {
  const [from, to] = [hosts.source, hosts.destination].map(
    (address) => ({ advertise: { address } }) as ClusterNode,
  ) as [ClusterNode, ClusterNode]
  const sent = (payload: Uint8Array): Packet[] => {
    const frame = ip(6, segment(Buffer.from(payload), { destinationPort: 2377, sequence: 1, flags: 0x18 }))
    return masked([{ frame, seconds: 1_700_000_000 }], ['0123456789abcdef'])
  }

  it('is not taken for the engine’s, also where only its nonce was kept', () => {
    const [own] = sent(readablePayload('0123456789abcdef'))
    const [engines] = sent(Buffer.from([23, 3, 3, 0, 2, 7, 7]))
    if (own === undefined || engines === undefined) throw new Error('nothing was kept')
    expect(Buffer.from(transportPayload(own)).includes('swarmproof ')).to.equal(false)
    expect(isManagement(own, [from, to], '0123456789abcdef')).to.equal(false)
    expect(isManagement(engines, [from, to], '0123456789abcdef')).to.equal(true)
  })
})
