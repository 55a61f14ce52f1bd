import type { Link } from './host-state.ts'
import { jsonList } from './section.ts'

interface IpLink {
  readonly ifname?: string
  readonly ifindex?: number
  readonly flags?: readonly string[]
  readonly mtu?: number
  readonly address?: string
  readonly master?: string
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: { readonly id?: number; readonly port?: number }
  }
  readonly addr_info?: readonly {
    readonly family?: string
    readonly local?: string
    readonly prefixlen?: number
  }[]
}

/** Reads `ip -j -d addr`. */
export function parseLinks(line: string | undefined): readonly Link[] {
  return jsonList<IpLink>(line)
    .filter((entry) => entry.ifname !== undefined)
    .map(toLink)
}

function toLink(entry: IpLink): Link {
  const kind = entry.linkinfo?.info_kind ?? ''
  const data = entry.linkinfo?.info_data
  return {
    name: entry.ifname ?? '',
    index: entry.ifindex ?? 0,
    kind,
    mtuBytes: entry.mtu ?? 0,
    mac: entry.address ?? '',
    up: entry.flags?.includes('UP') ?? false,
    ...(entry.master === undefined ? {} : { master: entry.master }),
    ...(kind === 'vxlan' && data?.id !== undefined ? { vxlan: { vni: data.id, port: data.port ?? 0 } } : {}),
    addresses: (entry.addr_info ?? []).flatMap((info) =>
      info.local !== undefined && (info.family === 'inet' || info.family === 'inet6')
        ? [{ address: info.local, prefixLength: info.prefixlen ?? 0, family: info.family }]
        : [],
    ),
  }
}
