import type { Capture, CapturePoint, Recording } from '../../lib/capture/capture.ts'
import type { EvidenceLog, Wire } from '../../lib/conformance/context.ts'
import { MissingTool } from '../../lib/missing-tool.ts'

/** What was recorded, by host name. Where it could not be, whoever asks for it gets `MissingTool`, and no one else. */
export interface Recorded {
  readonly recordings: ReadonlyMap<string, Recording>
}

/**
 * Records while `work` sends probes, by which something can be told without captures, too: where a host lacks the tools
 * the work is done with none.
 */
export async function recordedDuring<T extends object>(
  wire: Wire,
  points: readonly CapturePoint[],
  work: (captures: readonly Capture[]) => Promise<T>,
): Promise<T & Recorded> {
  let begun = false
  try {
    const { result, recordings } = await wire.during(points, (captures) => {
      begun = true
      return work(captures)
    })
    return Object.assign(result, {
      recordings: new Map(recordings.map((recording) => [recording.point.host.name, recording])),
    })
  } catch (error) {
    if (begun || !(error instanceof MissingTool)) throw error
    return Object.defineProperty({ ...(await work([])) }, 'recordings', {
      enumerable: true,
      get: () => {
        throw error
      },
    }) as T & Recorded
  }
}

/** On hosts that carry other people's traffic: what was not kept, and so not judged, by what it was. */
export function observePassedOver(evidence: EvidenceLog, recordings: ReadonlyMap<string, Recording>): void {
  const counts = [...recordings].filter(([, { passedOver }]) => Object.keys(passedOver).length > 0)
  if (counts.length === 0) return
  evidence.observe(
    'packets that are not the run’s, counted and not looked into',
    Object.fromEntries(counts.map(([host, { passedOver }]) => [host, passedOver])),
  )
}
