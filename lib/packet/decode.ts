import { decodeCookedV1, decodeCookedV2 } from './cooked.ts'
import { decoders, following } from './layer-table.ts'
import { linkTypeName, LinkType } from './link-type.ts'
import type { DecodeOptions, Layer, Malformed, Protocol } from './packet.ts'
import { DEFAULT_VXLAN_PORTS } from './vxlan.ts'
import { Walk } from './walk.ts'

/** What was found in the bytes of one packet. */
export interface Decoded {
  /** Outermost first. */
  readonly layers: readonly Layer[]
  readonly malformed?: Malformed
  readonly snapped?: Protocol
}

/**
 * Decodes the bytes of one captured packet, from its link layer on. Never throws, whatever the bytes:
 * where they contradict a protocol, `malformed` says so and the layers before are kept; where the capture
 * kept less than was on the wire, `snapped` names the layer that could not be read any more.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Decoded {
  const walk = new Walk(
    bytes,
    options.originalBytes ?? bytes.byteLength,
    options.vxlanPorts ?? DEFAULT_VXLAN_PORTS,
    following,
  )
  let next = linkLayer(walk, options.linkType ?? LinkType.ethernet)
  while (next !== undefined) next = decoders[next]?.(walk)
  return {
    layers: walk.layers,
    ...(walk.malformed && { malformed: walk.malformed }),
    ...(walk.snapped && { snapped: walk.snapped }),
  }
}

function linkLayer(walk: Walk, linkType: number): Protocol | undefined {
  switch (linkType) {
    case LinkType.ethernet:
      return 'ethernet'
    case LinkType.linuxCooked:
      return decodeCookedV1(walk)
    case LinkType.linuxCooked2:
      return decodeCookedV2(walk)
    case LinkType.raw:
    case LinkType.rawBsd:
      return rawIp(walk)
    case LinkType.ipv4:
      return 'ipv4'
    case LinkType.ipv6:
      return 'ipv6'
    default:
      return void walk.fail('link', `link type ${linkTypeName(linkType)} is not decoded`)
  }
}

/** Raw IP has no header of its own: the version field of what follows tells the protocol. */
function rawIp(walk: Walk): Protocol | undefined {
  if (!walk.has('ipv4', 1)) return undefined
  const version = walk.u8(0) >>> 4
  if (version === 4) return 'ipv4'
  if (version === 6) return 'ipv6'
  return void walk.fail('link', `raw IP of version ${version}`)
}
