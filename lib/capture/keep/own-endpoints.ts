import ipaddr from 'ipaddr.js'
import { IpHeader } from './ip-header.ts'
import type { OwnTraffic } from './own-traffic.ts'

const arp = 0x0806
const arpBytes = 28
const icmp = 1
/** Unreachable, source quench, redirect, time exceeded, parameter problem: they quote the packet they are about. */
const quoting: ReadonlySet<number> = new Set([3, 4, 5, 11, 12])
const icmpHeaderBytes = 8
/** Enough to tell whose a quoted packet is: RFC 792. */
const quotedTransportBytes = 8
const ipv4HeaderBytes = 20

interface Block {
  readonly base: number
  readonly mask: number
}

/** Both ends of a packet. */
type Pair = (source: number, destination: number) => boolean

/** Tells by the addresses of a frame whether both of its ends are the run's, and how much of it may be kept. */
export class OwnEndpoints {
  readonly #blocks = new Map<number, Block>()
  readonly #ingressVni: number | undefined
  readonly #tasks: ReadonlySet<number>
  readonly #ends: ReadonlySet<number>
  readonly #header = new IpHeader()
  readonly #quoted = new IpHeader()

  constructor({ networks, ingress }: OwnTraffic) {
    for (const { vni, subnet } of networks) this.#blocks.set(vni, blockOf(subnet))
    this.#ingressVni = ingress?.vni
    this.#tasks = new Set(ingress?.tasks.map(numberOf))
    this.#ends = new Set([...this.#tasks, ...(ingress?.sandboxes.map(numberOf) ?? [])])
  }

  has(vni: number): boolean {
    return vni === this.#ingressVni || this.#blocks.has(vni)
  }

  /**
   * Where what may be kept of a frame on the network with this VNI ends; 0 if nothing may. On networks of the run's own
   * the addresses of whatever else is there are kept, without anything they carry: it should not be there.
   */
  keptOnNetwork(view: DataView, start: number, captured: number, vni: number): number {
    const block = this.#blocks.get(vni)
    if (block === undefined)
      return vni === this.#ingressVni ? this.#kept(view, start, captured, this.#onIngress) : 0
    const within: Pair = (source, destination) => isIn(block, source) && isIn(block, destination)
    const kept = this.#kept(view, start, captured, within)
    if (kept > 0) return kept
    if (this.#header.etherType === arp) return this.#keptArp(view, captured, within)
    const isIpv4 =
      this.#header.etherType === 0x0800 && this.#header.payloadStart + ipv4HeaderBytes <= captured
    return isIpv4 ? this.#header.payloadStart + ipv4HeaderBytes : 0
  }

  /** The same of a frame that is not encapsulated, in the namespace of a task: of any network. */
  keptBare(view: DataView, captured: number): number {
    const within: Pair = (source, destination) => {
      for (const block of this.#blocks.values()) {
        if (isIn(block, source)) return isIn(block, destination)
      }
      return this.#onIngress(source, destination)
    }
    return this.#kept(view, 0, captured, within)
  }

  readonly #onIngress: Pair = (source, destination) =>
    (this.#tasks.has(source) && this.#ends.has(destination)) ||
    (this.#tasks.has(destination) && this.#ends.has(source))

  #kept(view: DataView, start: number, captured: number, own: Pair): number {
    const header = this.#header
    if (!header.read(view, start, captured) || header.version !== 4) return 0
    if (!own(view.getUint32(header.start + 12), view.getUint32(header.start + 16))) return 0
    const end = Math.min(captured, header.end)
    if (header.protocol !== icmp || header.fragmentOffset > 0) return end
    if (header.transport >= end || !quoting.has(view.getUint8(header.transport))) return end
    return this.#keptError(view, header.transport + icmpHeaderBytes, end, own)
  }

  /** An ICMP error with the header of the packet it quotes and the ports, if that is the run's; else without it. */
  #keptError(view: DataView, at: number, end: number, own: Pair): number {
    const quoted = this.#quoted
    if (!quoted.readIpv4(view, at, end)) return Math.min(at, end)
    if (!own(view.getUint32(quoted.start + 12), view.getUint32(quoted.start + 16))) return at
    return Math.min(end, quoted.transport + quotedTransportBytes)
  }

  #keptArp(view: DataView, captured: number, own: Pair): number {
    const at = this.#header.payloadStart
    if (at + arpBytes > captured) return 0
    return own(view.getUint32(at + 14), view.getUint32(at + 24)) ? at + arpBytes : 0
  }
}

function isIn({ base, mask }: Block, address: number): boolean {
  return (address & mask) >>> 0 === base
}

function blockOf(subnet: string): Block {
  const [address, prefix] = ipaddr.IPv4.parseCIDR(subnet)
  const mask = prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0
  return { base: (numberOf(address.toString()) & mask) >>> 0, mask }
}

function numberOf(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0)
}
