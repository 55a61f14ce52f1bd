import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KeepPolicy } from '../lib/capture/keep/keep-policy.ts'
import type { OwnTraffic } from '../lib/capture/keep/own-traffic.ts'
import { Recorder } from '../lib/capture/recorder.ts'
import { generateCapture } from './generate.ts'
import { median } from '../lib/median.ts'

const PACKETS = 300_000
const ROUNDS = 7
const CHUNK_BYTES = 32_768
const KEPT_BYTES = 256 * 1024 * 1024
/** Networks of the generated capture; each has 10.91.<VNI mod 256>.0/24. */
const VNIS = [4096, 4097, 4098, 4100, 4113]

/** `npm run bench -- --keep`: what deciding of each packet costs a recorder, in packets a second of CPU time. */
export function benchKeep(folder: string): void {
  const file = join(folder, 'mixed.pcap')
  generateCapture(file, PACKETS)
  const stream = readFileSync(file)
  const ways: readonly (readonly [string, () => KeepPolicy | undefined])[] = [
    ['everything is kept, no policy', () => undefined],
    ['all five networks are the run’s', () => new KeepPolicy(own(VNIS))],
    ['one network of five is the run’s', () => new KeepPolicy(own(VNIS.slice(0, 1)))],
    ['the same, and three markers are looked for', () => new KeepPolicy(own(VNIS.slice(0, 1)), { markers })],
  ]
  const rates = ways.map(() => [] as number[])
  // In turns, so that a busy machine is unfair to all alike.
  for (let round = 0; round < ROUNDS; round += 1)
    ways.forEach(([, policy], index) => rates[index]?.push(packetsPerSecond(stream, policy())))
  const medians = rates.map(median)
  const [plain = NaN] = medians
  console.log(
    `${PACKETS} packets, ${(stream.length / 1e6).toFixed(0)} MB; node ${process.version}; ${ROUNDS} rounds in turns\n`,
  )
  ways.forEach(([name], index) => {
    const rate = medians[index] ?? NaN
    console.log(
      `${name}\n  ${(rate / 1000).toFixed(0)} 000 packets/s, ${(rate / plain).toFixed(2)} of the first`,
    )
  })
}

const markers = ['0123456789abcdef01234567', '123456789abcdef012345678', '23456789abcdef0123456789']

function own(vnis: readonly number[]): OwnTraffic {
  return { dataPathPort: 4789, networks: vnis.map((vni) => ({ vni, subnet: `10.91.${vni % 256}.0/24` })) }
}

function packetsPerSecond(stream: Buffer, policy: KeepPolicy | undefined): number {
  const recorder = new Recorder(KEPT_BYTES, policy)
  const before = process.cpuUsage()
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) {
    recorder.push(stream.subarray(at, at + CHUNK_BYTES))
    recorder.takeFile()
  }
  recorder.end()
  const { user, system } = process.cpuUsage(before)
  return PACKETS / ((user + system) / 1e6)
}
