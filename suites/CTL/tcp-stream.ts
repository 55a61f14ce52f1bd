import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerIp } from '../../lib/packet/query.ts'
import { transportPayload } from '../scene/recordings/control-traffic.ts'

/** What one end of a TCP connection sent, put together from the segments that were recorded. */
export interface TcpStream {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  /** Recorded from its SYN on; otherwise it was already under way. */
  readonly fromStart: boolean
  /** Payload without gaps; a new run begins behind every gap. */
  readonly runs: readonly StreamRun[]
}

export interface StreamRun {
  readonly bytes: Buffer
  /**
   * Offsets at which the sender had paused before it wrote on, so that a message begins there. A run behind a
   * gap begins with none, unless it paused.
   */
  readonly afterPause: readonly number[]
}

/** A sender that writes one message does not pause this long within it. */
const pauseSeconds = 0.2

interface Segment {
  readonly sequence: number
  readonly at: number
  readonly payload: Uint8Array
}

/** The streams of all TCP packets in the order of their first packet; those without payload are left out. */
export function tcpStreams(packets: readonly Packet[]): TcpStream[] {
  const streams = new Map<
    string,
    { stream: Omit<TcpStream, 'runs' | 'fromStart'>; syn?: number; segments: Segment[] }
  >()
  for (const packet of packets) {
    const [ip, tcp] = [outerIp(packet), layerOf(packet, 'tcp')]
    if (tcp === undefined || ip === undefined) continue
    const stream = {
      source: ip.source,
      sourcePort: tcp.sourcePort,
      destination: ip.destination,
      destinationPort: tcp.destinationPort,
    }
    const key = Object.values(stream).join(' ')
    const known = streams.get(key) ?? { stream, segments: [] }
    streams.set(key, known)
    if (tcp.flags.syn) known.syn = tcp.sequence
    if (tcp.payloadBytes === 0) continue
    const at = packet.timestamp.seconds + packet.timestamp.nanoseconds / 1e9
    known.segments.push({ sequence: tcp.sequence, at, payload: transportPayload(packet) })
  }
  return [...streams.values()]
    .filter(({ segments }) => segments.length > 0)
    .map(({ stream, syn, segments }) => ({ ...stream, ...reassemble(segments, syn) }))
}

function reassemble(
  segments: readonly Segment[],
  syn: number | undefined,
): Pick<TcpStream, 'fromStart' | 'runs'> {
  const base = syn === undefined ? lowest(segments) : (syn + 1) >>> 0
  const ordered = segments
    .map((segment) => ({ ...segment, offset: distance(base, segment.sequence) }))
    .sort((a, b) => a.offset - b.offset)
  const runs: { start: number; parts: Uint8Array[]; length: number; afterPause: number[] }[] = []
  const pauses = pausesOf(segments, base)
  for (const { offset, payload } of ordered) {
    let run = runs.at(-1)
    if (run === undefined || offset > run.start + run.length) {
      run = { start: offset, parts: [], length: 0, afterPause: [] }
      runs.push(run)
    }
    const fresh = payload.subarray(run.start + run.length - offset)
    if (fresh.length === 0) continue
    if (pauses.has(offset) && offset === run.start + run.length) run.afterPause.push(run.length)
    run.parts.push(fresh)
    run.length += fresh.length
  }
  return {
    fromStart: syn !== undefined && runs[0]?.start === 0,
    runs: runs.map(({ parts, afterPause }) => ({ bytes: Buffer.concat(parts), afterPause })),
  }
}

/** Offsets that were first sent after a pause. What was sent again pauses too and says nothing. */
function pausesOf(segments: readonly Segment[], base: number): ReadonlySet<number> {
  const pauses = new Set<number>()
  let [end, last] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const { sequence, at, payload } of segments) {
    const offset = distance(base, sequence)
    if (offset >= end && at - last >= pauseSeconds) pauses.add(offset)
    end = Math.max(end, offset + payload.length)
    last = at
  }
  return pauses
}

/** Sequence numbers wrap at 2^32 (RFC 9293, 3.4). */
function distance(from: number, to: number): number {
  return (to - from) | 0
}

function lowest(segments: readonly Segment[]): number {
  const first = segments[0]?.sequence ?? 0
  return segments.reduce((low, { sequence }) => (distance(low, sequence) < 0 ? sequence : low), first)
}
