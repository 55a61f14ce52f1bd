import { z } from 'zod'
import { interfaceName, ipAddress, mtu, prefixLength, routeDestination } from '../identifier.ts'
import { jsonList } from '../json-list.ts'
import { readVxlanSettings } from '../observation/vxlan-device.ts'
import type { Section } from '../remote/sections.ts'
import {
  type FirewallFacts,
  type HeldPort,
  type InterfaceFacts,
  type ModuleName,
  moduleNames,
  type ModuleState,
  type RouteFacts,
  type VxlanDeviceFacts,
} from './host-facts.ts'

const ipLink = z.object({
  ifname: z.string().exactOptional(),
  flags: z.array(z.string()).exactOptional(),
  mtu: z.number().exactOptional(),
  linkinfo: z
    .object({ info_kind: z.string().exactOptional(), info_data: z.unknown().optional() })
    .exactOptional(),
  addr_info: z
    .array(z.object({ local: z.string().exactOptional(), prefixlen: z.number().exactOptional() }))
    .exactOptional(),
})

const ipRoute = z.object({
  dst: z.string().exactOptional(),
  dev: z.string().exactOptional(),
  gateway: z.string().exactOptional(),
})

/** From `ip -j -d -4 addr` and one section `card NAME DRIVER` for each device, with its offloads that are on. */
export function parseInterfaces(
  host: string,
  json: string,
  sections: readonly Section[],
  hasEthtool: boolean,
): readonly InterfaceFacts[] {
  const cards = new Map(
    sections
      .filter(({ name }) => name === 'card')
      .map(({ argument, lines }) => {
        const [name = '', driver = ''] = argument.split(' ')
        return [name, { driver, offloads: lines.map((line) => line.trim()) }] as const
      }),
  )
  // Old versions of ip print an empty object for what was filtered out.
  const links = jsonList(json, ipLink).filter(({ ifname }) => ifname !== undefined)
  return links.map((link) => {
    const card = cards.get(link.ifname ?? '')
    return {
      name: interfaceName(link.ifname, host),
      mtuBytes: mtu(link.mtu ?? 0, host),
      up: link.flags?.includes('UP') ?? false,
      kind: link.linkinfo?.info_kind ?? '',
      addresses: (link.addr_info ?? []).flatMap(({ local, prefixlen }) =>
        local === undefined
          ? []
          : [{ address: ipAddress(local, host), prefixLength: prefixLength(prefixlen ?? 32, host) }],
      ),
      ...(card === undefined ? {} : { driver: card.driver }),
      ...(card === undefined || !hasEthtool ? {} : { offloads: card.offloads }),
    }
  })
}

export function parseRouteFacts(host: string, json: string): readonly RouteFacts[] {
  return jsonList(json, ipRoute).flatMap(({ dst, dev, gateway }) =>
    dst === undefined || dev === undefined
      ? []
      : [
          {
            destination: routeDestination(dst, host),
            device: interfaceName(dev, host),
            ...(gateway === undefined ? {} : { gateway: ipAddress(gateway, host) }),
          },
        ],
  )
}

/** From `ip -j -d link show type vxlan`. */
export function parseVxlanDevices(host: string, json: string): readonly VxlanDeviceFacts[] {
  return jsonList(json, ipLink).flatMap(({ ifname, flags, linkinfo }) => {
    const settings = linkinfo?.info_kind === 'vxlan' ? readVxlanSettings(linkinfo.info_data, host) : undefined
    if (ifname === undefined || settings === undefined) return []
    return [{ name: interfaceName(ifname, host), up: flags?.includes('UP') ?? false, ...settings }]
  })
}

/** `tcp 1F0A` lines: protocol and port in hexadecimal. */
export function parseSockets(lines: readonly string[]): readonly HeldPort[] {
  const held = lines.flatMap((line): HeldPort[] => {
    const match = /^(tcp|udp) ([0-9A-F]{4})$/.exec(line)
    return match === null
      ? []
      : [{ protocol: match[1] as HeldPort['protocol'], port: Number.parseInt(match[2] ?? '', 16) }]
  })
  const isFirst = (one: HeldPort, index: number): boolean =>
    held.findIndex(({ protocol, port }) => protocol === one.protocol && port === one.port) === index
  return held.filter(isFirst)
}

/** Loaded before built in before loadable; where the host has no list at all, absence is not known. */
export function parseModuleFacts(lines: readonly string[]): Readonly<Record<ModuleName, ModuleState>> {
  const says = (line: string): boolean => lines.includes(line)
  const state = (name: ModuleName): ModuleState => {
    if (says(`builtin ${name}`) || says(`config-y ${name}`)) return 'builtin'
    if (says(`loaded ${name}`)) return 'loaded'
    if (says(`dep ${name}`)) return 'loadable'
    // A module the kernel was configured with, and no list of what is installed.
    if (says(`config-m ${name}`)) return says('list dep') ? 'missing' : 'unknown'
    return says('list dep') || says('list config') ? 'missing' : 'unknown'
  }
  return Object.fromEntries(moduleNames.map((name) => [name, state(name)])) as Record<ModuleName, ModuleState>
}

export function parseFirewallFacts(lines: readonly string[]): FirewallFacts {
  const idle = lines.includes('idle ufw')
  const managers = lines
    .flatMap((line) => /^manager (\S+)$/.exec(line)?.[1] ?? [])
    // Its unit is active on every Ubuntu, whether it is enabled or not.
    .filter((name) => name !== 'ufw' || !idle)
  const chains = lines.filter((line) => line.startsWith('nft '))
  const dropping = chains.some((line) => line.endsWith(' drop'))
  const rules = lines.filter((line) => line === 'iptables rule').length
  const policy = lines.flatMap((line) => /^iptables policy (\S+)$/.exec(line)?.[1] ?? [])[0] ?? 'ACCEPT'
  const nft =
    chains.length === 0
      ? []
      : [`nftables, ${counted(chains.length, 'chain')} on input${dropping ? ', policy drop' : ''}`]
  const iptables =
    rules === 0 && policy === 'ACCEPT'
      ? []
      : [`iptables, ${counted(rules, 'rule')} in INPUT, policy ${policy}`]
  return { managers, input: [...nft, ...iptables] }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
