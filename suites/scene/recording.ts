import type { Capture, CapturePoint, Recording } from '../../lib/capture/capture.ts'
import type { Wire } from '../../lib/conformance/context.ts'
import { MissingTool } from '../../lib/missing-tool.ts'

/** Captures that go along with probes, by which something can be told without them, too. */
export interface Recorder {
  /** None where a host lacks the tools. */
  readonly captures: readonly Capture[]
  readonly missing?: MissingTool
}

export async function startRecording(wire: Wire, points: readonly CapturePoint[]): Promise<Recorder> {
  try {
    return { captures: await wire.capture(points) }
  } catch (error) {
    if (error instanceof MissingTool) return { captures: [], missing: error }
    throw error
  }
}

/** What was recorded, by host name. Where it could not be, whoever asks for it gets `MissingTool`, and no one else. */
export interface Recorded {
  readonly recordings: ReadonlyMap<string, Recording>
}

export async function withRecordings<T extends object>(
  { captures, missing }: Recorder,
  observed: T,
): Promise<T & Recorded> {
  const stopped = await Promise.all(captures.map((capture) => capture.stop()))
  const recordings = new Map(stopped.map((recording) => [recording.point.host.name, recording]))
  return Object.defineProperty({ ...observed }, 'recordings', {
    enumerable: true,
    get: () => {
      if (missing !== undefined) throw missing
      return recordings
    },
  }) as T & Recorded
}
