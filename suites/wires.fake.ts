import { frameOf } from '../lib/conformance/wire-seen.ts'
import { addressIn, type ClusterFacts, nodeOf, type TaskFacts } from '../lib/observation/facts.ts'
import type { Frame, WireSeen } from '../lib/observation/frame.ts'
import { decode } from '../lib/packet/decode.ts'
import { encodeEthernet, encodeIpv4, encodeUdp, encodeVxlan } from '../lib/packet/encode.ts'
import type { Packet } from '../lib/packet/packet.ts'
import { threeNodes } from './three-nodes.fake.ts'

/** Facts of three nodes with a task of the encrypted network on each of two of them. */
export function withSecret(): ClusterFacts {
  const facts = threeNodes()
  const vaults = ['worker1', 'worker2'].map((node, index): TaskFacts => {
    const endpoint = {
      address: `10.91.2.${3 + index}`,
      mac: `02:42:0a:5b:02:0${3 + index}`,
      prefixLength: 24,
    }
    return {
      ...{ id: `vault-${node}`, service: 'swp-vault', node, containerId: `vault-${index}` },
      ...{ hostname: `vault-${node}`, endpoints: { 'swp-secret': endpoint } },
    }
  })
  return { ...facts, tasks: [...facts.tasks, ...vaults] }
}

export const words = { clear: 'c1ea5', secret: '5ec5e7', local: '10ca1' }
export type Word = keyof typeof words

/** A packet on the underlay. */
export interface OnWire {
  readonly from: string
  readonly to: string
  readonly bytes: Uint8Array
}

interface Wrapping {
  readonly network?: 'clear' | 'secret'
  readonly vni?: number
  readonly port?: number
  /** Outer source, where it is not the sender's data-path address; and the node it goes to, if not the receiver's. */
  readonly source?: string
  readonly toNode?: string
  readonly word?: Word
  readonly ttl?: number
}

/** An echo between two tasks in VXLAN, with a word in it. */
export function vxlan(
  facts: ClusterFacts,
  from: TaskFacts,
  to: TaskFacts,
  { network = 'clear', ttl = 64, word, source, toNode = to.node, ...given }: Wrapping = {},
): OnWire {
  const { name, vni } = facts.networks[network]
  const ip = { source: addressIn(from, { name }), destination: addressIn(to, { name }), protocol: 1, ttl }
  const echo = Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 1, 0, 1]), Buffer.from(word ? words[word] : '')])
  const macs = {
    source: from.endpoints[name]?.mac ?? '',
    destination: to.endpoints[name]?.mac ?? '',
    etherType: 0x0800,
  }
  const inner = encodeEthernet(macs, encodeIpv4(ip, echo))
  return inVxlan(facts, from.node, toNode, inner, {
    ...{ vni: given.vni ?? vni, port: given.port ?? facts.dataPathPort },
    ...(source === undefined ? {} : { source }),
  })
}

/** Any Ethernet frame in VXLAN. */
export function inVxlan(
  facts: ClusterFacts,
  from: string,
  to: string,
  inner: Uint8Array,
  { vni, port, source }: { readonly vni: number; readonly port: number; readonly source?: string },
): OnWire {
  const hosts = hostsOf(facts, from, to, source)
  const udp = encodeUdp({ ...hosts, sourcePort: 49152, destinationPort: port }, encodeVxlan(vni, inner))
  return { from, to, bytes: ethernet(facts, from, to, encodeIpv4({ ...hosts, protocol: 17 }, udp)) }
}

/** An ESP packet; what it carries cannot be told. */
export function esp(
  facts: ClusterFacts,
  from: string,
  to: string,
  { spi = 0x101, sequence = 1 }: { readonly spi?: number; readonly sequence?: number } = {},
): OnWire {
  const bytes = Buffer.alloc(64, 0xa5)
  bytes.writeUInt32BE(spi, 0)
  bytes.writeUInt32BE(sequence, 4)
  const packet = encodeIpv4({ ...hostsOf(facts, from, to), protocol: 50 }, bytes)
  return { from, to, bytes: ethernet(facts, from, to, packet) }
}

/** What the data-path interface of every node carried: packets that leave a node come in at the other. */
export function wiresOf(
  facts: ClusterFacts,
  sent: readonly OnWire[],
): Readonly<Record<string, { readonly got: WireSeen }>> {
  return Object.fromEntries(
    facts.nodes.map(({ name, macs, dataPath }) => {
      const own = sent.filter(({ from, to }) => name === from || name === to)
      const frames = own.map(({ bytes }, index): Frame => {
        const options = { mac: macs[dataPath.interface], words }
        return frameOf(packetOf(bytes, index + 1), options)
      })
      return [name, { got: wireOf(name, dataPath.interface, frames) }]
    }),
  )
}

export function wireOf(node: string, name: string, frames: readonly Frame[]): WireSeen {
  return {
    ...{ node, interface: name, file: `captures/${node}.pcap`, frames },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:09.000Z' },
    ...{ passedOver: {}, droppedByKernel: 0, droppedByInterface: 0 },
  }
}

export function packetOf(bytes: Uint8Array, number: number): Packet {
  return {
    ...{ number, timestamp: { seconds: number, nanoseconds: 0, digits: 6 }, linkType: 1, bytes },
    ...{ capturedBytes: bytes.length, originalBytes: bytes.length, ...decode(bytes) },
  }
}

function hostsOf(facts: ClusterFacts, from: string, to: string, source?: string) {
  const own = nodeOf(facts, from).dataPath.address
  return { source: source ?? own, destination: nodeOf(facts, to).dataPath.address }
}

function ethernet(facts: ClusterFacts, from: string, to: string, packet: Uint8Array): Uint8Array {
  const macOf = (name: string): string => nodeOf(facts, name).macs['eth1'] ?? ''
  return encodeEthernet({ source: macOf(from), destination: macOf(to), etherType: 0x0800 }, packet)
}
