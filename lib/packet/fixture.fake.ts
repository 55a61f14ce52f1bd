import { readFileSync } from 'node:fs'
import { PacketStream } from './packet-stream.ts'
import type { Packet } from './packet.ts'

/** Captures kept for tests; `swarm.pcap` is of a real swarm's underlay, the others of network namespaces. */
export const fixtureNames = [
  'swarm.pcap',
  'netns.pcap',
  'cooked.pcap',
  'cooked2.pcap',
  'snapped-ns.pcap',
  'interfaces.pcapng',
] as const
export type FixtureName = (typeof fixtureNames)[number]

export const fixturePath = (name: FixtureName): string =>
  new URL(`fixtures/${name}`, import.meta.url).pathname

export const fixtureBytes = (name: FixtureName): Uint8Array => new Uint8Array(readFileSync(fixturePath(name)))

export function fixturePackets(name: FixtureName, vxlanPorts: readonly number[] = [4789]): Packet[] {
  const stream = new PacketStream({ vxlanPorts })
  return [...stream.push(fixtureBytes(name)), ...stream.end().packets]
}

/** Numbers from 0 to below `below`, the same in every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export const fromHex = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))
