import type { Capture, CapturePoint } from '../capture/capture.ts'
import { during, type Recorded } from '../capture/during.ts'
import { startCaptures } from '../capture/start-captures.ts'
import type { HostState } from '../observe/host-state.ts'
import type { Wire } from './context.ts'
import { onlyOwn, ownTraffic } from './own-traffic.ts'
import type { ReadyLab } from './bring-up.ts'

export interface WiresOptions {
  /** Where captures are stored. */
  readonly folder: string
  readonly states: () => Promise<ReadonlyMap<string, HostState>>
  /** Told of each capture, of hosts that carry others' traffic, what it passed over. */
  readonly log: (entry: object) => void
}

/** Ways to record what hosts send. */
export interface Wires {
  /** On hosts that swarmproof did not make it keeps what is the run's alone; on its own labs everything. */
  readonly usual: Wire
  /** Keeps everything, wherever it is. */
  readonly open: Wire
}

export function wiresOf(
  { lab, stack, cluster }: Pick<ReadyLab, 'lab' | 'stack' | 'cluster'>,
  { folder, states, log }: WiresOptions,
): Wires {
  const open: Wire = { during: (points, work) => during(startCaptures(points, folder), work) }
  const isForeign = lab.hosts.some(({ origin }) => !origin.owned)
  if (!isForeign) return { usual: open, open }
  const restricted = async (points: readonly CapturePoint[]): Promise<readonly Capture[]> => {
    const own = ownTraffic(stack, cluster.dataPathPort, await states())
    return startCaptures(
      points.map((point) => onlyOwn(point, own)),
      folder,
      own,
    )
  }
  return {
    open,
    usual: {
      async during(points, work) {
        const recorded = await during(restricted(points), work)
        logPassedOver(recorded, log)
        return recorded
      },
    },
  }
}

function logPassedOver({ recordings }: Recorded<unknown>, log: (entry: object) => void): void {
  for (const { point, passedOver } of recordings)
    log({ host: point.host.name, interface: point.interface, passedOver })
}
