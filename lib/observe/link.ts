import { interfaceName, ipAddress, macAddressOrNone, mtu, prefixLength } from '../identifier.ts'
import { readVxlanSettings, type VxlanSettings } from '../observation/vxlan-device.ts'
import type { Link, LinkCounters } from './host-state.ts'
import {
  protocolAddressOf,
  hardwareAddressOf,
  interfaceNames,
  type NetlinkAttributes,
  type NetlinkMessage,
  numberOf,
  readAttributes,
  textOf,
} from './netlink.ts'

/*
 * Numbers of attributes and flags: Linux, include/uapi/linux/if_link.h, if_addr.h and if.h.
 */
const [address, name, mtuBytes, linked, master] = [1, 3, 4, 5, 10]
const [linkInfo, statistics, peerNamespace] = [18, 23, 37]
const [infoKind, infoData] = [1, 2]
const [ofInterface, local] = [1, 2]
const isUp = 1
/** Kinds of interfaces that are made on another one. */
const onOthers: ReadonlySet<string> = new Set(['vlan', 'macvlan', 'ipvlan'])

/** Interfaces with their addresses, from the messages of both. */
export function readLinks(
  links: readonly NetlinkMessage[],
  addresses: readonly NetlinkMessage[],
  host?: string,
): readonly Link[] {
  const nameOf = interfaceNames(links)
  const byIndex = new Map<number, NetlinkMessage[]>()
  for (const one of addresses) {
    const index = one.head.readInt32LE(4)
    const others = byIndex.get(index)
    if (others === undefined) byIndex.set(index, [one])
    else others.push(one)
  }
  return links.map((link) => toLink(link, byIndex, nameOf, host))
}

function toLink(
  { head, attributes }: NetlinkMessage,
  addresses: ReadonlyMap<number, readonly NetlinkMessage[]>,
  nameOf: (index: number) => string,
  host: string | undefined,
): Link {
  const index = head.readInt32LE(4)
  const info = readAttributes(attributes.get(linkInfo) ?? Buffer.alloc(0), host)
  const kind = textOf(info.get(infoKind)) ?? ''
  const vxlan = kind === 'vxlan' ? vxlanOf(info.get(infoData), host) : undefined
  const bridge = numberOf(attributes.get(master))
  const peer = kind === 'veth' ? numberOf(attributes.get(linked)) : undefined
  const parent = onOthers.has(kind) ? numberOf(attributes.get(linked)) : undefined
  const counted = countersOf(attributes.get(statistics))
  return {
    name: interfaceName(textOf(attributes.get(name)), host),
    index,
    kind,
    mtuBytes: mtu(numberOf(attributes.get(mtuBytes)) ?? 0, host),
    mac: macAddressOrNone(hardwareAddressOf(attributes.get(address))),
    up: (head.readUInt32LE(8) & isUp) !== 0,
    ...(bridge === undefined ? {} : { master: interfaceName(nameOf(bridge), host) }),
    ...(peer === undefined ? {} : { peerIndex: peer }),
    ...(parent === undefined ? {} : { parentIndex: parent }),
    // The kernel names the namespace in which it was created, where that is another one.
    ...(vxlan === undefined ? {} : { vxlan, createdHere: !attributes.has(peerNamespace) }),
    ...(counted === undefined ? {} : counted),
    addresses: (addresses.get(index) ?? []).flatMap((one) => toAddress(one, host)),
  }
}

function toAddress({ head, attributes }: NetlinkMessage, host: string | undefined): Link['addresses'] {
  const family = ({ 2: 'inet', 10: 'inet6' } as const)[head.readUInt8(0)]
  const own = protocolAddressOf(attributes.get(local) ?? attributes.get(ofInterface))
  return family === undefined || own === undefined
    ? []
    : [{ address: ipAddress(own, host), prefixLength: prefixLength(head.readUInt8(1), host), family }]
}

/** `struct rtnl_link_stats64`: packets, then bytes, errors and dropped ones, each received and sent, of 64 bits. */
function countersOf(
  value: Buffer | undefined,
): { readonly received: LinkCounters; readonly sent: LinkCounters } | undefined {
  if (value === undefined || value.length < 64) return undefined
  const at = (place: number): number => Number(value.readBigUInt64LE(place * 8))
  return {
    received: { packets: at(0), errors: at(4), dropped: at(6) },
    sent: { packets: at(1), errors: at(5), dropped: at(7) },
  }
}

/** Settings of a VXLAN device by number, in the words of `ip -d link`. */
const vxlanFlags = { udp_zero_csum6_rx: 20, remcsum_rx: 22, external: 25, vnifilter: 30 } as const
/** Those that are there or not. */
const vxlanMarks = { gbp: 23, gpe: 27 } as const
const vxlanSixes = { group6: 16, local6: 17 } as const
const [vxlanId, vxlanPort] = [1, 15]

function vxlanOf(data: Buffer | undefined, host: string | undefined): VxlanSettings | undefined {
  if (data === undefined) return undefined
  const attributes: NetlinkAttributes = readAttributes(data, host)
  const port = attributes.get(vxlanPort)
  const settings: Record<string, unknown> = {
    id: numberOf(attributes.get(vxlanId)),
    ...(port?.length === 2 ? { port: port.readUInt16BE(0) } : {}),
  }
  for (const [word, number] of Object.entries(vxlanFlags))
    if (numberOf(attributes.get(number)) === 1) settings[word] = true
  for (const [word, number] of Object.entries(vxlanMarks)) if (attributes.has(number)) settings[word] = true
  for (const [word, number] of Object.entries(vxlanSixes)) {
    const six = protocolAddressOf(attributes.get(number))
    if (six !== undefined && six !== '::') settings[word] = six
  }
  return readVxlanSettings(settings, host)
}
