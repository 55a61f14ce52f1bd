import { closeSync, openSync, writeSync } from 'node:fs'

const RECORD_HEADER_BYTES = 16
const HOSTS = 5
const VNIS = [4096, 4097, 4098, 4100, 4113]
/** Of each network, on each host. */
const TASKS = 2
/** Different source ports between two ends. */
const CONNECTIONS = 20
/** Packets of one flow come in trains of one to so many. */
const LONGEST_TRAIN = 8
/** Underlay addresses are 192.168.56.11 and up. */
const FIRST_HOST = 0xc0a8380b

/**
 * Writes a capture such as a busy node of a swarm would give: 59 % VXLAN of five networks with inner TCP,
 * UDP and ICMP, 20 % ESP, 15 % TCP, 5 % UDP, 1 % ARP; five hosts, two tasks of every network on each. The
 * outer source port follows from the inner flow, as Linux does it. The same file for the same count.
 * Returns its size in bytes.
 */
export function generateCapture(file: string, packets: number): number {
  const descriptor = openSync(file, 'w')
  const random = generator(20260)
  const buffer = Buffer.alloc(4 * 1024 * 1024)
  let total = writeSync(descriptor, fileHeader())
  let at = 0
  /** The last number of every SPI. */
  const sequences = new Map<number, number>()
  let flow = newFlow(random)
  for (let number = 0, train = 0; number < packets; number++, train--) {
    if (at + 2048 > buffer.length) {
      total += writeSync(descriptor, buffer, 0, at)
      at = 0
    }
    if (train === 0) {
      flow = newFlow(random)
      train = 1 + random(LONGEST_TRAIN)
    }
    const length = writeFrame(buffer, at + RECORD_HEADER_BYTES, flow, payloadBytes(random), sequences)
    buffer.writeUInt32LE(1_700_000_000 + Math.floor(number / 20_000), at)
    buffer.writeUInt32LE((number % 20_000) * 50, at + 4)
    buffer.writeUInt32LE(length, at + 8)
    buffer.writeUInt32LE(length, at + 12)
    at += RECORD_HEADER_BYTES + length
  }
  total += writeSync(descriptor, buffer, 0, at)
  closeSync(descriptor)
  return total
}

type Random = (below: number) => number

/** A linear congruential generator: small, and the same everywhere. */
function generator(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Flow {
  readonly kind: 'arp' | 'vxlan' | 'esp' | 'plain'
  /** Hosts, from 0. */
  readonly source: number
  readonly destination: number
  readonly protocol: number
  readonly connection: number
  readonly vni: number
  readonly innerSource: number
  readonly innerDestination: number
}

function newFlow(random: Random): Flow {
  const share = random(100)
  const source = random(HOSTS)
  const destination = (source + 1 + random(HOSTS - 1)) % HOSTS
  const kind = share < 1 ? 'arp' : share < 60 ? 'vxlan' : share < 80 ? 'esp' : 'plain'
  const vni = VNIS[random(VNIS.length)] ?? 0
  const task = (host: number): number => 0x0a5b0002 + ((vni & 0xff) << 8) + host * TASKS + random(TASKS)
  return {
    kind,
    source,
    destination,
    protocol: kind === 'vxlan' ? ([6, 6, 6, 17, 1][random(5)] ?? 6) : share < 95 ? 6 : 17,
    connection: random(CONNECTIONS),
    vni,
    innerSource: task(source),
    innerDestination: task(destination),
  }
}

/** Mostly small packets, some full ones, as traffic is; with the headers about 232 bytes on average. */
function payloadBytes(random: Random): number {
  const kind = random(20)
  return kind === 0 ? 1200 : kind < 7 ? 100 + random(200) : random(64)
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(1, 20)
  return header
}

/** Each writer below answers how many bytes it wrote. */
function writeFrame(
  buffer: Buffer,
  at: number,
  flow: Flow,
  payload: number,
  sequences: Map<number, number>,
): number {
  const { kind, source, destination, protocol, connection } = flow
  if (kind === 'arp') return writeArp(buffer, at, flow)
  if (kind === 'vxlan') return writeVxlan(buffer, at, flow, payload)
  writeEthernet(buffer, at, source, destination, 0x0800)
  const [from, to] = [FIRST_HOST + source, FIRST_HOST + destination]
  if (kind === 'esp') return 14 + writeEsp(buffer, at + 14, flow, payload, sequences)
  return 14 + writeIp(buffer, at + 14, from, to, protocol, connection, payload)
}

function writeEthernet(
  buffer: Buffer,
  at: number,
  source: number,
  destination: number,
  etherType: number,
): void {
  buffer.writeUInt16BE(0x5254, at)
  buffer.writeUInt32BE(0x0200 + destination, at + 2)
  buffer.writeUInt16BE(0x5254, at + 6)
  buffer.writeUInt32BE(0x0200 + source, at + 8)
  buffer.writeUInt16BE(etherType, at + 12)
}

function writeArp(buffer: Buffer, at: number, { source, destination }: Flow): number {
  writeEthernet(buffer, at, source, 0xff, 0x0806)
  buffer.fill(0, at + 14, at + 42)
  buffer.writeUInt32BE(0x0001_0800, at + 14)
  buffer.writeUInt32BE(0x0604_0001, at + 18)
  buffer.writeUInt32BE(FIRST_HOST + source, at + 28)
  buffer.writeUInt32BE(FIRST_HOST + destination, at + 38)
  return 42
}

function writeIpHeader(
  buffer: Buffer,
  at: number,
  source: number,
  destination: number,
  protocol: number,
  total: number,
): void {
  buffer.writeUInt16BE(0x4500, at)
  buffer.writeUInt16BE(total, at + 2)
  buffer.writeUInt32BE(0x0000_4000, at + 4)
  buffer.writeUInt8(64, at + 8)
  buffer.writeUInt8(protocol, at + 9)
  buffer.writeUInt16BE(0, at + 10)
  buffer.writeUInt32BE(source, at + 12)
  buffer.writeUInt32BE(destination, at + 16)
}

function writeIp(
  buffer: Buffer,
  at: number,
  source: number,
  destination: number,
  protocol: number,
  connection: number,
  payload: number,
): number {
  const header = protocol === 6 ? 20 : 8
  const total = 20 + header + payload
  writeIpHeader(buffer, at, source, destination, protocol, total)
  const start = at + 20
  buffer.fill(0, start, start + header)
  if (protocol === 1) {
    buffer.writeUInt16BE(0x0800, start)
    return total
  }
  buffer.writeUInt16BE(40_000 + connection, start)
  buffer.writeUInt16BE(protocol === 6 ? 2377 : 7946, start + 2)
  if (protocol === 6) buffer.writeUInt16BE(0x5010, start + 12)
  else buffer.writeUInt16BE(8 + payload, start + 4)
  return total
}

function writeVxlan(buffer: Buffer, at: number, flow: Flow, payload: number): number {
  const { source, destination, innerSource, innerDestination, protocol, connection, vni } = flow
  const inner = at + 50
  writeEthernet(buffer, inner, source, destination, 0x0800)
  const bytes = 14 + writeIp(buffer, inner + 14, innerSource, innerDestination, protocol, connection, payload)
  writeEthernet(buffer, at, source, destination, 0x0800)
  writeIpHeader(buffer, at + 14, FIRST_HOST + source, FIRST_HOST + destination, 17, 36 + bytes)
  const mixed = Math.imul(innerSource ^ (innerDestination << 5) ^ (protocol << 9) ^ connection, 0x9e3779b1)
  buffer.writeUInt16BE(32_768 + (mixed >>> 17), at + 34)
  buffer.writeUInt16BE(4789, at + 36)
  buffer.writeUInt32BE((16 + bytes) * 65_536, at + 38)
  buffer.writeUInt32BE(0x0800_0000, at + 42)
  buffer.writeUInt32BE(vni << 8, at + 46)
  return 50 + bytes
}

function writeEsp(
  buffer: Buffer,
  at: number,
  { source, destination }: Flow,
  payload: number,
  sequences: Map<number, number>,
): number {
  const spi = 0xc60bc100 + source * HOSTS + destination
  const sequence = (sequences.get(spi) ?? 0) + 1
  sequences.set(spi, sequence)
  writeIpHeader(buffer, at, FIRST_HOST + source, FIRST_HOST + destination, 50, 28 + payload)
  buffer.writeUInt32BE(spi, at + 20)
  buffer.writeUInt32BE(sequence, at + 24)
  return 28 + payload
}
