import {
  interfaceName,
  ipAddress,
  macAddressOrNone,
  mtu,
  portNumber,
  prefixLength,
  vni,
} from '../identifier.ts'
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
export function parseLinks(line: string | undefined, host?: string): readonly Link[] {
  return jsonList<IpLink>(line)
    .filter((entry) => entry.ifname !== undefined)
    .map((entry) => toLink(entry, host))
}

function toLink(entry: IpLink, host: string | undefined): Link {
  const kind = entry.linkinfo?.info_kind ?? ''
  const data = entry.linkinfo?.info_data
  return {
    name: interfaceName(entry.ifname, host),
    index: entry.ifindex ?? 0,
    kind,
    mtuBytes: mtu(entry.mtu ?? 0, host),
    mac: macAddressOrNone(entry.address),
    up: entry.flags?.includes('UP') ?? false,
    ...(entry.master === undefined ? {} : { master: interfaceName(entry.master, host) }),
    ...(kind === 'vxlan' && data?.id !== undefined
      ? { vxlan: { vni: vni(data.id, host), port: portNumber(data.port ?? 0, host) } }
      : {}),
    addresses: (entry.addr_info ?? []).flatMap((info) =>
      info.local !== undefined && (info.family === 'inet' || info.family === 'inet6')
        ? [
            {
              address: ipAddress(info.local, host),
              prefixLength: prefixLength(info.prefixlen ?? 0, host),
              family: info.family,
            },
          ]
        : [],
    ),
  }
}
