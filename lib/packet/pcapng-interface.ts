import { PcapngClock } from './pcapng-clock.ts'

/*
 * pcapng Interface Description Block (draft-ietf-opsawg-pcapng, section 4.2), from its body on.
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |           LinkType            |           Reserved            |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                            SnapLen                            |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  /      Options: code (2 bytes), length (2 bytes), padded value  /
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const END_OF_OPTIONS = 0
const IF_TSRESOL = 9
const IF_TSOFFSET = 14

export interface CaptureInterface {
  readonly linkType: number
  /** 0 means no limit. */
  readonly snapshotBytes: number
  readonly clock: PcapngClock
}

export function readInterface(view: DataView, from: number, to: number, little: boolean): CaptureInterface {
  let resolution = 6
  let offsetSeconds = 0
  let at = from + 8
  while (at + 4 <= to) {
    const code = view.getUint16(at, little)
    const length = view.getUint16(at + 2, little)
    const value = at + 4
    if (code === END_OF_OPTIONS || value + length > to) break
    if (code === IF_TSRESOL && length === 1) resolution = view.getUint8(value)
    if (code === IF_TSOFFSET && length === 8) offsetSeconds = Number(view.getBigInt64(value, little))
    at = value + length + ((4 - (length % 4)) % 4)
  }
  return {
    linkType: view.getUint16(from, little),
    snapshotBytes: view.getUint32(from + 4, little),
    clock: new PcapngClock(resolution, offsetSeconds),
  }
}
