import type { Packet } from '../packet/packet.ts'
import type { Host } from '../host/host.ts'
import type { PassedOver } from './keep/keep-policy.ts'

/**
 * A capture of one interface of one host. It resolves only once it was seen to record (its first canary
 * was read back), and it ends by itself if its owner dies.
 */
export interface Capture extends AsyncDisposable {
  readonly point: CapturePoint
  /** What was recorded until now, without the canaries; to wait for traffic, not to judge by. */
  packetsSoFar(): readonly Packet[]
  /** Sends the end canary, waits until it was recorded, stops. Idempotent. */
  stop(): Promise<Recording>
}

export interface CapturePoint {
  readonly host: Host
  readonly interface: string
  /** IPsec is captured `out`: decrypted packets pass a receiving tap twice. */
  readonly direction: 'out' | 'both'
  /** pcap filter expression; canaries always pass. */
  readonly filter?: string
  /** Network namespace file on the host, e.g. `/run/docker/netns/1-abc`; the host's own by default. */
  readonly namespace?: string
  /** Bytes kept of each packet; all by default. */
  readonly snapshotBytes?: number
  /** UDP destination ports decoded as VXLAN; [4789] by default. */
  readonly vxlanPorts?: readonly number[]
  /** The capture ends by itself after this time, and is blind from then on; default 1 800. */
  readonly limitSeconds?: number
  /**
   * Random words that only the run sends. Where not everything is kept, what holds one is kept as far as the last of
   * them, whatever else it is; see `KeepPolicy`.
   */
  readonly markers?: readonly string[]
  /** Names that must not be readable. They stay so in what is masked; see `KeepPolicy`. */
  readonly words?: readonly string[]
}

export interface Recording {
  readonly point: CapturePoint
  /** Without the canaries. */
  readonly packets: readonly Packet[]
  /** Packets the kernel dropped before tcpdump saw them. */
  readonly droppedByKernel: number
  /** The interface's own drop counter meanwhile: frames no protocol wanted, or that the host never received. */
  readonly droppedByInterface: number
  /** Why "none seen" must not be believed; undefined when the capture was sound. */
  readonly blind?: string
  /** Packets that were recorded and not kept, by what they were: not the run's, on hosts that it shares with others. */
  readonly passedOver: PassedOver
  /** The capture file: what was kept, and the canaries. */
  readonly file: string
  /** When the first and the last canary were captured, by the host's clock; ISO 8601. */
  readonly startedAt: string
  readonly endedAt: string
}
