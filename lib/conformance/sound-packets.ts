import type { Recording } from '../capture/capture.ts'
import { SwarmproofError } from '../error.ts'
import type { Packet } from '../packet/packet.ts'

/** Code of the error that a capture may have missed packets. */
export const captureBlind = 'CAPTURE_BLIND'

/**
 * The packets of a recording that can be believed.
 * @throws SwarmproofError `CAPTURE_BLIND` when it may have missed packets, which makes the verdict `inconclusive`
 */
export function soundPackets(recording: Recording): readonly Packet[] {
  if (recording.blind === undefined) return recording.packets
  throw new SwarmproofError({
    code: captureBlind,
    what: `the capture on ${recording.point.interface} cannot be believed`,
    host: recording.point.host.name,
    observed: recording.blind,
  })
}
