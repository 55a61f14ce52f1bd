import type { Packet } from '../packet/packet.ts'
import type { Capture, CapturePoint, Recording } from './capture.ts'

/** A capture in memory for other rooms' tests: it records what it is given. */
export function fakeCapture(
  point: CapturePoint,
  packets: readonly Packet[] = [],
  recording: Partial<Recording> = {},
): Capture {
  const complete: Recording = {
    point,
    packets,
    droppedByKernel: 0,
    droppedByInterface: 0,
    passedOver: {},
    file: '/nowhere/fake.pcap',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:01.000Z',
    ...recording,
  }
  return {
    point,
    packetsSoFar: () => packets,
    stop: async () => complete,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
