import type { SeenFrame } from './frame.ts'
import type { ProbeSeen } from './probe-seen.ts'

/**
 * Where the trace of a probe ends on the underlay. `sender`: it was not seen leaving its host. `wire`: it left, and did
 * not come to the host of its task. `receiver`: it came there, and no answer left. `way-back`: an answer left and did not
 * come back. `returned`: an answer came back to the host that had asked.
 */
export type Reached = 'sender' | 'wire' | 'receiver' | 'way-back' | 'returned'

/** A probe between tasks on two nodes, by what its frames have inside VXLAN. */
export interface FollowedProbe extends Pick<ProbeSeen, 'kind' | 'port'> {
  readonly vni: number
  /** Addresses of the tasks. */
  readonly source: string
  readonly destination: string
  /** Names of their nodes. */
  readonly from: string
  readonly to: string
}

/** Frames by the inner addresses they are between. */
export type FramesBetween = ReadonlyMap<string, readonly SeenFrame[]>

export function framesBetween(frames: readonly SeenFrame[]): FramesBetween {
  const found = new Map<string, SeenFrame[]>()
  for (const frame of frames) {
    const { vxlan, inner } = frame
    if (vxlan === undefined || inner?.ip === undefined) continue
    const key = keyOf(vxlan.vni, inner.ip.source, inner.ip.destination)
    const known = found.get(key)
    if (known === undefined) found.set(key, [frame])
    else known.push(frame)
  }
  return found
}

/** How far a probe came, by recordings of both nodes' underlay that are whole. */
export function howFar(probe: FollowedProbe, frames: FramesBetween): Reached {
  const { vni, source, destination, from, to } = probe
  const asked = (frames.get(keyOf(vni, source, destination)) ?? []).filter((one) => isRequest(one, probe))
  const answered = (frames.get(keyOf(vni, destination, source)) ?? []).filter((one) => isAnswer(one, probe))
  const seen = (of: readonly SeenFrame[], node: string, egress: boolean): boolean =>
    of.some((frame) => frame.seenOn === node && frame.egress === egress)
  if (seen(answered, from, false)) return 'returned'
  if (seen(answered, to, true)) return 'way-back'
  if (seen(asked, to, false)) return 'receiver'
  return seen(asked, from, true) ? 'wire' : 'sender'
}

const keyOf = (vni: number, source: string, destination: string): string => `${vni} ${source} ${destination}`

const echoRequest = 8
const echoReply = 0

function isRequest({ inner }: SeenFrame, { kind, port }: FollowedProbe): boolean {
  return kind === 'icmp' ? inner?.icmp?.type === echoRequest : inner?.[kind]?.to === port
}

function isAnswer({ inner }: SeenFrame, { kind, port }: FollowedProbe): boolean {
  return kind === 'icmp' ? inner?.icmp?.type === echoReply : inner?.[kind]?.from === port
}
