import type { CapturePoint } from '../capture/capture.ts'

/** VXLAN that a capture may take along. */
export interface OwnTraffic {
  readonly dataPathPort: number
  readonly vnis: readonly number[]
}

/**
 * The same point, except that VXLAN of networks that are not ours is left to those whose it is: on hosts that are
 * somebody's an underlay carries their data, too, which is nobody else's to read, to store, or to send over a
 * connection. Fragments behind the first carry no port and stay; so does ESP, which nobody can read.
 *
 *     UDP payload: flags 8 | reserved 24 | VNI 24 | reserved 8     RFC 7348, so the VNI is in udp[12:4]
 */
export function onlyOwn(point: CapturePoint, { dataPathPort, vnis }: OwnTraffic): CapturePoint {
  if (point.namespace !== undefined) return point
  const ours = vnis.map((vni) => `udp[12:4] & 0xffffff00 = 0x${(vni * 256).toString(16)}`)
  const own = [`not udp port ${dataPathPort}`, ...ours].join(' or ')
  const filter = point.filter === undefined ? `(${own})` : `(${point.filter}) and (${own})`
  return { ...point, filter }
}
