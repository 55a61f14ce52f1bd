import type { FdbEntry, Link, Neighbour, RefusingRoute, Route } from './host-state.ts'
import { readVxlanSettings } from '../observation/vxlan-device.ts'

/* What programs of iproute2 print of the same tables, in our words: what the kernel lists is compared with it. */

interface Hop {
  gateway?: string
  dev?: string
}

const list = (text: string): Record<string, never>[] => JSON.parse(text) as Record<string, never>[]

/** `ip -j -d -s addr`. */
export function linksByIp(text: string): Link[] {
  const entries = list(text)
  const indexOf = (device: string | undefined): number | undefined =>
    (entries as unknown as { ifname: string; ifindex: number }[]).find(({ ifname }) => ifname === device)
      ?.ifindex
  return entries.map((entry) => {
    const { ifname, ifindex, mtu, address, link, link_index, master, ...more } = entry as unknown as {
      ifname: string
      ifindex: number
      mtu: number
      address?: string
      link?: string
      link_index?: number
      master?: string
      flags: string[]
      linkinfo?: { info_kind?: string; info_data?: unknown }
      link_netnsid?: number
      stats64: Record<'rx' | 'tx', { packets: number; errors: number; dropped: number }>
      addr_info: { family: 'inet' | 'inet6'; local: string; prefixlen: number }[]
    }
    const { flags, linkinfo, link_netnsid, stats64, addr_info } = more
    const peer = linkinfo?.info_kind === 'veth' ? (link_index ?? indexOf(link)) : undefined
    const counters = ({ packets, errors, dropped }: typeof stats64.rx) => ({ packets, errors, dropped })
    const vxlan =
      linkinfo?.info_kind === 'vxlan' ? readVxlanSettings(linkinfo.info_data, undefined) : undefined
    return {
      ...{ name: ifname, index: ifindex, kind: linkinfo?.info_kind ?? '', mtuBytes: mtu, mac: address ?? '' },
      up: flags.includes('UP'),
      ...(master === undefined ? {} : { master }),
      ...(peer === undefined ? {} : { peerIndex: peer }),
      ...(vxlan === undefined ? {} : { vxlan, createdHere: link_netnsid === undefined }),
      ...{ received: counters(stats64.rx), sent: counters(stats64.tx) },
      addresses: addr_info.map(({ local, prefixlen, family }) => ({
        address: local,
        prefixLength: prefixlen,
        family,
      })),
    }
  })
}

/** `ip -j neigh`. */
export function neighboursByIp(text: string): Neighbour[] {
  return list(text).map((entry) => {
    const { dst, dev, lladdr, state } = entry as unknown as Record<'dst' | 'dev', string> & {
      lladdr?: string
      state: string[]
    }
    return {
      address: dst,
      ...(lladdr === undefined ? {} : { mac: lladdr }),
      device: dev,
      state: state.join(','),
    }
  })
}

/** `bridge -j fdb`. */
export function fdbByBridge(text: string): FdbEntry[] {
  return list(text).map((entry) => {
    const { mac, ifname, dst, state } = entry as unknown as Record<'mac' | 'ifname' | 'state', string> & {
      dst?: string
    }
    return {
      mac,
      device: ifname,
      ...(dst === undefined ? {} : { vtep: dst }),
      permanent: state === 'permanent',
    }
  })
}

/** `ip -j -d route`. */
export function routesByIp(text: string): { leaving: Route[]; refusing: RefusingRoute[] } {
  const routes = list(text) as unknown as (Hop & {
    type: string
    dst: string
    metric?: number
    nexthops?: Hop[]
  })[]
  const cidr = (dst: string): string => (dst === 'default' || dst.includes('/') ? dst : `${dst}/32`)
  return {
    leaving: routes.flatMap(({ dst, metric = 0, nexthops, ...only }) =>
      (nexthops ?? [only]).flatMap(({ dev, gateway }) =>
        dev === undefined
          ? []
          : [
              {
                ...{ destination: cidr(dst), device: dev },
                ...(gateway === undefined ? {} : { gateway }),
                ...(metric === 0 ? {} : { metric }),
              },
            ],
      ),
    ),
    refusing: routes
      .filter(({ type }) => ['blackhole', 'unreachable', 'prohibit'].includes(type))
      .map(({ type, dst, metric = 0 }) => ({
        kind: type as RefusingRoute['kind'],
        destination: cidr(dst),
        metric,
      })),
  }
}
