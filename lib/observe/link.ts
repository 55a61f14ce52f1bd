import { z } from 'zod'
import { interfaceName, ipAddress, macAddressOrNone, mtu, prefixLength } from '../identifier.ts'
import { jsonList } from '../json-list.ts'
import { readVxlanSettings } from '../observation/vxlan-device.ts'
import type { Link } from './host-state.ts'

const linkCounters = z.object({ packets: z.number(), errors: z.number(), dropped: z.number() })

const ipLink = z.object({
  stats64: z.object({ rx: linkCounters, tx: linkCounters }).exactOptional(),
  ifname: z.string().exactOptional(),
  ifindex: z.number().exactOptional(),
  flags: z.array(z.string()).exactOptional(),
  mtu: z.number().exactOptional(),
  address: z.string().exactOptional(),
  master: z.string().exactOptional(),
  linkinfo: z
    .object({
      info_kind: z.string().exactOptional(),
      info_data: z.unknown().optional(),
    })
    .exactOptional(),
  addr_info: z
    .array(
      z.object({
        family: z.string().exactOptional(),
        local: z.string().exactOptional(),
        prefixlen: z.number().exactOptional(),
      }),
    )
    .exactOptional(),
})

/** Reads `ip -j -d -s addr`. */
export function parseLinks(line: string | undefined, host?: string): readonly Link[] {
  return jsonList(line, ipLink)
    .filter((entry) => entry.ifname !== undefined)
    .map((entry) => toLink(entry, host))
}

function toLink(entry: z.infer<typeof ipLink>, host: string | undefined): Link {
  const kind = entry.linkinfo?.info_kind ?? ''
  const vxlan = kind === 'vxlan' ? readVxlanSettings(entry.linkinfo?.info_data, host) : undefined
  return {
    name: interfaceName(entry.ifname, host),
    index: entry.ifindex ?? 0,
    kind,
    mtuBytes: mtu(entry.mtu ?? 0, host),
    mac: macAddressOrNone(entry.address),
    up: entry.flags?.includes('UP') ?? false,
    ...(entry.master === undefined ? {} : { master: interfaceName(entry.master, host) }),
    ...(vxlan === undefined ? {} : { vxlan }),
    ...(entry.stats64 === undefined ? {} : { received: entry.stats64.rx, sent: entry.stats64.tx }),
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
