import type { CapturedFrame } from './captured-frame.ts'
import { Fragments, type Tail } from './fragments.ts'
import { IpHeader } from './ip-header.ts'
import { mask } from './mask.ts'
import { OwnEndpoints } from './own-endpoints.ts'
import type { OwnTraffic, Sought } from './own-traffic.ts'
import { type Segment, TlsHeaders } from './tls-headers.ts'

/** What was passed over, by what it was; nothing else is known of it afterwards. */
export type PassedOver = Readonly<Record<string, number>>

const ethernet = 1
const tcp = 6
const udp = 17
const esp = 50
const udpHeaderBytes = 8
const vxlanHeaderBytes = 8
/** SPI and sequence number: RFC 4303, 2. */
const espHeaderBytes = 8
const longestDatagramBytes = 65_535
const managementPort = 2377
const gossipPort = 7946
/** The byte that tells memberlist’s encryption, or the type of a message in clear. */
const gossipVersionBytes = 1
const syn = 0x02

/**
 * Decides of each frame of a capture, before anything of it is stored, what is kept: of hosts that carry other people's
 * traffic, too, only what is the run's, and of what all share only what is judged.
 *
 * | what | kept |
 * |---|---|
 * | VXLAN of a network of the run's own, between endpoints of it | all |
 * | VXLAN of such a network with other IPv4 addresses | as far as the inner IPv4 header |
 * | VXLAN of ingress, one end a task of the run's, the other one, too, or a node's sandbox | all |
 * | an ICMP error among these | as far as the ports of the packet it quotes, if that is the run's |
 * | ESP | as far as SPI and sequence number |
 * | TCP 2377 | headers, headers of TLS records; of all other bytes whether they are printable |
 * | UDP 7946 | headers, the first byte; of all other bytes whether they are printable |
 * | TCP 7946 | headers |
 * | fragments behind the first of what is kept | all, of ESP the IP header |
 * | what else holds a marker | as far as its last marker; of gossip and management a marker stays readable |
 * | everything else | nothing; it is counted |
 *
 * Padding behind an IP packet is never kept.
 */
export class KeepPolicy {
  readonly #endpoints: OwnEndpoints
  readonly #vxlanPorts: ReadonlySet<number>
  readonly #inside: boolean
  readonly #markers: readonly Buffer[]
  /** What stays readable where the rest is masked: markers, too. */
  readonly #words: readonly Uint8Array[]
  readonly #fragments = new Fragments()
  readonly #tls = new TlsHeaders()
  readonly #header = new IpHeader()
  readonly #passedOver = new Map<string, number>()
  #keep: (frame: CapturedFrame) => void = () => undefined

  constructor(own: OwnTraffic, { vxlanPorts = [], inside = false, markers = [], words = [] }: Sought = {}) {
    this.#endpoints = new OwnEndpoints(own)
    this.#vxlanPorts = new Set([own.dataPathPort, ...vxlanPorts])
    this.#inside = inside
    this.#markers = markers.filter((marker) => marker !== '').map((marker) => Buffer.from(marker))
    this.#words = [...words.map((word) => Buffer.from(word)), ...this.#markers]
  }

  /** Hands on what is kept of a frame, shortened or masked as it may be, and what was held until it came. */
  take(frame: CapturedFrame, keep: (frame: CapturedFrame) => void): void {
    if (frame.linkType !== ethernet) return this.#passOver('of a link that is not Ethernet')
    this.#keep = keep
    const { bytes } = frame
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const header = this.#header
    if (!header.read(view, 0, bytes.byteLength)) {
      const marked = this.#markerEnd(frame)
      if (marked > 0) return keep({ ...frame, bytes: bytes.subarray(0, marked) })
      return this.#passOver('without an IP header')
    }
    if (header.fragmentOffset > 0) return this.#tail(frame, view)
    if (header.protocol === esp) return this.#esp(frame)
    if (header.protocol === udp) return this.#udp(frame, view)
    if (header.protocol === tcp) return this.#tcp(frame, view)
    this.#bare(frame, view, 'IP')
  }

  /** Nothing more will come. */
  end(): void {
    this.#fragments.end()
  }

  get passedOver(): PassedOver {
    const fragments = this.#fragments.dropped
    return {
      ...Object.fromEntries(this.#passedOver),
      ...(fragments === 0 ? {} : { 'fragments of others': fragments }),
    }
  }

  #esp(frame: CapturedFrame): void {
    const { transport, end } = this.#header
    const kept = transport + espHeaderBytes
    if (kept > Math.min(end, frame.bytes.byteLength)) return this.#passOver('ESP cut short')
    this.#hand(frame, kept)
    if (this.#header.moreFragments) this.#follow(frame, 'header', longestDatagramBytes)
  }

  #udp(frame: CapturedFrame, view: DataView): void {
    const { transport, end } = this.#header
    const captured = frame.bytes.byteLength
    const payload = transport + udpHeaderBytes
    if (payload > Math.min(end, captured)) return this.#passOver('UDP cut short')
    const [source, destination] = [view.getUint16(transport), view.getUint16(transport + 2)]
    if (this.#vxlanPorts.has(destination)) return this.#vxlan(frame, view, payload)
    if (source !== gossipPort && destination !== gossipPort) return this.#bare(frame, view, 'UDP')
    const masked = copyOf(frame.bytes, Math.min(end, captured))
    mask(masked, Math.min(payload + gossipVersionBytes, masked.byteLength), masked.byteLength, this.#words)
    this.#keep({ ...frame, bytes: masked })
  }

  #vxlan(frame: CapturedFrame, view: DataView, at: number): void {
    const captured = Math.min(this.#header.end, frame.bytes.byteLength)
    const inner = at + vxlanHeaderBytes
    if (inner > captured) return this.#passOver('VXLAN cut short')
    const vni = view.getUint32(at + 4) >>> 8
    const kept = this.#endpoints.keptOnNetwork(view, inner, captured, vni)
    if (kept === 0) {
      const whose = this.#endpoints.has(vni) ? 'VXLAN of others on ingress' : 'VXLAN of other networks'
      return this.#other(frame, whose)
    }
    const length = view.getUint16(this.#header.transport + 4)
    const { moreFragments } = this.#header
    this.#hand(frame, kept)
    // Of a frame that is kept in part the rest is not wanted.
    if (moreFragments && kept >= captured)
      this.#follow(frame, 'whole', length === 0 ? longestDatagramBytes : length)
  }

  #tcp(frame: CapturedFrame, view: DataView): void {
    const { transport, end } = this.#header
    const captured = Math.min(end, frame.bytes.byteLength)
    if (transport + 20 > captured) return this.#passOver('TCP cut short')
    const [source, destination] = [view.getUint16(transport), view.getUint16(transport + 2)]
    const payload = Math.min(captured, transport + Math.max(20, (view.getUint8(transport + 12) >>> 4) * 4))
    const isManagement = source === managementPort || destination === managementPort
    if (isManagement) return this.#management(frame, view, payload)
    if (source !== gossipPort && destination !== gossipPort) return this.#bare(frame, view, 'TCP')
    this.#hand(frame, payload)
  }

  #management(frame: CapturedFrame, view: DataView, payload: number): void {
    const { transport, end, start, version } = this.#header
    const captured = Math.min(end, frame.bytes.byteLength)
    const addresses = Buffer.from(
      frame.bytes.subarray(start + (version === 4 ? 12 : 8), start + (version === 4 ? 20 : 40)),
    )
    const segment: Segment = {
      stream: `${addresses.toString('latin1')} ${view.getUint32(transport)}`,
      sequence: view.getUint32(transport + 4),
      begins: (view.getUint8(transport + 13) & syn) !== 0,
      payloadBytes: Math.max(0, (end === Number.MAX_SAFE_INTEGER ? frame.originalBytes : end) - payload),
      payload: frame.bytes.subarray(payload, captured),
      at: frame.seconds + frame.nanoseconds / 1e9,
    }
    const headers = this.#tls.find(segment)
    // What cannot be told from a record is a gap for whoever puts the stream together, and so is not judged.
    if (headers === undefined && this.#markerEnd(frame) === 0) return this.#hand(frame, payload)
    const masked = copyOf(frame.bytes, captured)
    mask(masked, payload, captured, this.#words)
    for (const [from, to] of headers ?? [])
      masked.set(frame.bytes.subarray(payload + from, payload + to), payload + from)
    this.#keep({ ...frame, bytes: masked })
  }

  #tail(frame: CapturedFrame, view: DataView): void {
    const { transport, end, fragmentOffset } = this.#header
    const bare = this.#inside ? this.#endpoints.keptBare(view, frame.bytes.byteLength) : 0
    if (bare > 0) return this.#hand(frame, bare)
    const kept = this.#fragments.tail(
      { ...this.#tailOf(frame), offset: fragmentOffset, payloadBytes: end - transport },
      frame,
    )
    if (kept > 0) this.#hand(frame, kept)
  }

  /** Of a frame that was kept just now. */
  #follow(frame: CapturedFrame, keeps: 'whole' | 'header', datagramBytes: number): void {
    const { transport, end } = this.#header
    this.#fragments.first(
      { ...this.#tailOf(frame), payloadBytes: end - transport },
      keeps,
      datagramBytes,
      this.#keep,
    )
  }

  #tailOf({ bytes, seconds, nanoseconds }: CapturedFrame): Pick<Tail, 'key' | 'headerEnd' | 'at'> {
    return {
      key: this.#header.datagram(bytes),
      headerEnd: this.#header.transport,
      at: seconds + nanoseconds / 1e9,
    }
  }

  /** Not encapsulated: the run's where it is between two of its endpoints, inside a task's namespace. */
  #bare(frame: CapturedFrame, view: DataView, what: string): void {
    const kept = this.#inside ? this.#endpoints.keptBare(view, frame.bytes.byteLength) : 0
    if (kept > 0) return this.#hand(frame, kept)
    this.#other(frame, `${what} of others`)
  }

  #other(frame: CapturedFrame, what: string): void {
    const marked = this.#markerEnd(frame)
    if (marked > 0) this.#hand(frame, marked)
    else this.#passOver(what)
  }

  /** Behind the last marker, which ends what is needed of a frame that is kept for it; 0 if it holds none. */
  #markerEnd({ bytes }: CapturedFrame): number {
    if (this.#markers.length === 0) return 0
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return this.#markers.reduce((end, marker) => {
      const at = content.lastIndexOf(marker)
      return at < 0 ? end : Math.max(end, at + marker.byteLength)
    }, 0)
  }

  #hand(frame: CapturedFrame, end: number): void {
    const kept = Math.min(end, this.#header.end, frame.bytes.byteLength)
    this.#keep(kept === frame.bytes.byteLength ? frame : { ...frame, bytes: frame.bytes.subarray(0, kept) })
  }

  #passOver(what: string): void {
    this.#passedOver.set(what, (this.#passedOver.get(what) ?? 0) + 1)
  }
}

/** `slice` of a Buffer, which chunks are, would be the same memory. */
function copyOf(bytes: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(bytes.subarray(0, length))
}
