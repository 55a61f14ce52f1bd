import { closeSync, openSync, writeSync } from 'node:fs'

const RECORD_HEADER_BYTES = 16
const OUTER_BYTES = 14 + 20 + 8 + 8
const VNIS = [4096, 4097, 4098, 4100, 4113]
const HOSTS = 5

/**
 * Writes a capture such as a node of a busy swarm would give: VXLAN of several networks with inner TCP, UDP
 * and ICMP flows, ESP of several associations, plain TCP and UDP, some ARP. The same file for the same count.
 */
export function generateCapture(file: string, packets: number): number {
  const descriptor = openSync(file, 'w')
  const random = generator(20260)
  const buffer = Buffer.alloc(4 * 1024 * 1024)
  let total = writeSync(descriptor, fileHeader())
  let at = 0
  const sequences = new Map<number, number>()
  for (let number = 0; number < packets; number++) {
    if (at + 2048 > buffer.length) {
      total += writeSync(descriptor, buffer, 0, at)
      at = 0
    }
    const start = at + RECORD_HEADER_BYTES
    const length = writeFrame(buffer, start, random, sequences)
    buffer.writeUInt32LE(1_700_000_000 + Math.floor(number / 20_000), at)
    buffer.writeUInt32LE((number % 20_000) * 50, at + 4)
    buffer.writeUInt32LE(length, at + 8)
    buffer.writeUInt32LE(length, at + 12)
    at = start + length
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

function fileHeader(): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(1, 20)
  return header
}

function writeFrame(buffer: Buffer, at: number, random: Random, sequences: Map<number, number>): number {
  const kind = random(100)
  if (kind < 1) return writeArp(buffer, at, random)
  const source = random(HOSTS)
  const destination = (source + 1 + random(HOSTS - 1)) % HOSTS
  if (kind < 60) return writeVxlan(buffer, at, source, destination, random)
  const payload = payloadBytes(random)
  if (kind < 80) return writeEsp(buffer, at, source, destination, payload, sequences)
  const protocol = kind < 95 ? 6 : 17
  writeEthernet(buffer, at, source, destination)
  const length = writeIp(
    buffer,
    at + 14,
    0xc0a8380b + source,
    0xc0a8380b + destination,
    protocol,
    payload,
    random,
  )
  return 14 + length
}

/** Mostly small packets, some full ones, as traffic is. */
function payloadBytes(random: Random): number {
  const kind = random(20)
  return kind === 0 ? 1200 : kind < 7 ? 100 + random(200) : random(64)
}

function writeEthernet(
  buffer: Buffer,
  at: number,
  source: number,
  destination: number,
  etherType = 0x0800,
): void {
  buffer.writeUInt16BE(0x5254, at)
  buffer.writeUInt32BE(0x0200 + destination, at + 2)
  buffer.writeUInt16BE(0x5254, at + 6)
  buffer.writeUInt32BE(0x0200 + source, at + 8)
  buffer.writeUInt16BE(etherType, at + 12)
}

function writeArp(buffer: Buffer, at: number, random: Random): number {
  writeEthernet(buffer, at, random(HOSTS), 0xff, 0x0806)
  buffer.fill(0, at + 14, at + 42)
  buffer.writeUInt32BE(0x0001_0800, at + 14)
  buffer.writeUInt32BE(0x0604_0001, at + 18)
  buffer.writeUInt32BE(0xc0a8380b + random(HOSTS), at + 28)
  buffer.writeUInt32BE(0xc0a8380b + random(HOSTS), at + 38)
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
  payload: number,
  random: Random,
): number {
  const header = protocol === 6 ? 20 : 8
  const total = 20 + header + payload
  writeIpHeader(buffer, at, source, destination, protocol, total)
  const flow = random(20)
  const start = at + 20
  buffer.fill(0, start, start + header)
  if (protocol === 1) {
    buffer.writeUInt16BE(0x0800, start)
    return total
  }
  buffer.writeUInt16BE(40_000 + flow, start)
  buffer.writeUInt16BE(protocol === 6 ? 2377 : 7946, start + 2)
  if (protocol === 6) buffer.writeUInt16BE(0x5010, start + 12)
  else buffer.writeUInt16BE(8 + payload, start + 4)
  return total
}

function writeVxlan(buffer: Buffer, at: number, source: number, destination: number, random: Random): number {
  const vni = VNIS[random(VNIS.length)] ?? 4096
  const protocol = [6, 6, 6, 17, 1][random(5)] ?? 6
  const inner = at + OUTER_BYTES
  writeEthernet(buffer, inner, source, destination)
  const subnet = 0x0a5b0000 + ((vni & 0xff) << 8)
  const task = (host: number): number => subnet + 2 + host * 4 + random(4)
  const bytes =
    14 + writeIp(buffer, inner + 14, task(source), task(destination), protocol, payloadBytes(random), random)
  writeEthernet(buffer, at, source, destination)
  writeIpHeader(buffer, at + 14, 0xc0a8380b + source, 0xc0a8380b + destination, 17, 36 + bytes)
  buffer.writeUInt16BE(32_768 + random(40), at + 34)
  buffer.writeUInt16BE(4789, at + 36)
  buffer.writeUInt32BE((16 + bytes) << 16, at + 38)
  buffer.writeUInt32BE(0x0800_0000, at + 42)
  buffer.writeUInt32BE(vni << 8, at + 46)
  return OUTER_BYTES + bytes
}

function writeEsp(
  buffer: Buffer,
  at: number,
  source: number,
  destination: number,
  payload: number,
  sequences: Map<number, number>,
): number {
  const spi = 0xc60bc100 + source * HOSTS + destination
  const sequence = (sequences.get(spi) ?? 0) + 1
  sequences.set(spi, sequence)
  writeEthernet(buffer, at, source, destination)
  writeIpHeader(buffer, at + 14, 0xc0a8380b + source, 0xc0a8380b + destination, 50, 28 + payload)
  buffer.writeUInt32BE(spi, at + 34)
  buffer.writeUInt32BE(sequence, at + 38)
  return 42 + payload
}
