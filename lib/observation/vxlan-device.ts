import { z } from 'zod'
import { portNumber, vni } from '../identifier.ts'

/** A VXLAN device as far as it can be in the way of another one. */
export interface VxlanSettings {
  /** 0 of a device that takes frames of any (`external`). */
  readonly vni: number
  /** UDP port it receives on. */
  readonly port: number
  /**
   * How its socket receives other than plainly, by the words of `ip -d link`: `external`, `gbp`, `gpe`,
   * `udp_zero_csum6_rx`; absent where plainly, as those of engines do.
   */
  readonly receives?: readonly string[]
  /** It has an IPv6 address to send to or from (`local6`, `remote6`, `group6`): its socket is one of IPv6 alone. */
  readonly ipv6?: true
}

/** Linux, include/net/vxlan.h: VXLAN_F_RCV_FLAGS; devices share a port only where these are the same. */
const receiveFlags = ['external', 'gbp', 'gpe', 'udp_zero_csum6_rx', 'vnifilter', 'remcsum_rx'] as const

const sixes = ['local6', 'remote6', 'group6'] as const

const infoData = z.object({
  id: z.number(),
  port: z.number().exactOptional(),
  ...(Object.fromEntries(sixes.map((key) => [key, z.unknown().optional()])) as Record<
    (typeof sixes)[number],
    z.ZodOptional<z.ZodUnknown>
  >),
  ...(Object.fromEntries(receiveFlags.map((flag) => [flag, z.unknown().optional()])) as Record<
    (typeof receiveFlags)[number],
    z.ZodOptional<z.ZodUnknown>
  >),
})

/** Reads `linkinfo.info_data` of `ip -j -d link`; undefined for what is not that of a VXLAN device. */
export function readVxlanSettings(data: unknown, host?: string): VxlanSettings | undefined {
  const read = infoData.safeParse(data)
  if (!read.success) return undefined
  const receives = receiveFlags.filter((flag) => read.data[flag] === true)
  return {
    ...{ vni: vni(read.data.id, host), port: portNumber(read.data.port ?? 0, host) },
    ...(receives.length === 0 ? {} : { receives }),
    ...(sixes.some((key) => read.data[key] !== undefined) ? { ipv6: true as const } : {}),
  }
}

/**
 * Why a kernel refuses an engine’s device beside another one that was created in the same namespace, wherever either is
 * now: `vni`, both have VNI and port in common (EEXIST, "file exists"); `port`, the other one, once it is up, receives
 * there in a way that an engine’s device cannot share (EADDRINUSE, "address already in use"). Sockets of IPv4 and IPv6 do
 * not meet; an `external` device has both.
 * Source: Linux, drivers/net/vxlan/vxlan_core.c, vxlan_vni_in_use, vxlan_find_sock and vxlan_sock_add.
 */
export function collisionOf(
  other: VxlanSettings & { readonly up: boolean },
  wanted: { readonly vni: number; readonly port: number; readonly ipv6: boolean },
): 'vni' | 'port' | undefined {
  if (other.port !== wanted.port) return undefined
  const ofBoth = other.receives?.includes('external') === true
  if (!ofBoth && (other.ipv6 === true) !== wanted.ipv6) return undefined
  if (other.receives !== undefined) return other.up ? 'port' : undefined
  return other.vni === wanted.vni ? 'vni' : undefined
}
