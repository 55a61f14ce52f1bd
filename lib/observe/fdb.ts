import { interfaceName, ipAddress, macAddress } from '../identifier.ts'
import type { FdbEntry } from './host-state.ts'
import { protocolAddressOf, hardwareAddressOf, interfaceNames, type NetlinkMessage } from './netlink.ts'

/* Linux, include/uapi/linux/neighbour.h. */
const [destination, linkLayer] = [1, 2]
const isPermanent = 0x80

/** The forwarding database, as `bridge fdb` shows it: an entry appears once per VLAN and once without. */
export function readFdb(
  fdb: readonly NetlinkMessage[],
  links: readonly NetlinkMessage[],
  host?: string,
): readonly FdbEntry[] {
  const nameOf = interfaceNames(links)
  return fdb.flatMap(({ head, attributes }) => {
    const mac = hardwareAddressOf(attributes.get(linkLayer))
    if (mac === undefined) return []
    const vtep = protocolAddressOf(attributes.get(destination))
    return [
      {
        mac: macAddress(mac, host),
        device: interfaceName(nameOf(head.readInt32LE(4)), host),
        ...(vtep === undefined ? {} : { vtep: ipAddress(vtep, host) }),
        permanent: (head.readUInt16LE(8) & isPermanent) !== 0,
      },
    ]
  })
}
