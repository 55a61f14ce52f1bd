import { interfaceName, ipAddress, macAddressOrNone } from '../identifier.ts'
import type { Neighbour } from './host-state.ts'
import { protocolAddressOf, hardwareAddressOf, interfaceNames, type NetlinkMessage } from './netlink.ts'

/* Linux, include/uapi/linux/neighbour.h. */
const [destination, linkLayer] = [1, 2]
const states = [
  ...['INCOMPLETE', 'REACHABLE', 'STALE', 'DELAY', 'PROBE', 'FAILED', 'NOARP', 'PERMANENT'],
] as const

/** The neighbours that `ip neigh` shows, all but those that are never asked for. */
export function readNeighbours(
  neighbours: readonly NetlinkMessage[],
  links: readonly NetlinkMessage[],
  host?: string,
): readonly Neighbour[] {
  const nameOf = interfaceNames(links)
  return neighbours.flatMap(({ head, attributes }) => {
    const address = protocolAddressOf(attributes.get(destination))
    if (address === undefined) return []
    const mac = hardwareAddressOf(attributes.get(linkLayer))
    const bits = head.readUInt16LE(8)
    return [
      {
        address: ipAddress(address, host),
        ...(mac === undefined ? {} : { mac: macAddressOrNone(mac) }),
        device: interfaceName(nameOf(head.readInt32LE(4)), host),
        state: states.filter((_, bit) => (bits & (1 << bit)) !== 0).join(','),
      },
    ]
  })
}
