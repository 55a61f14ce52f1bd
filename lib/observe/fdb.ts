import { interfaceName, ipAddress, macAddress } from '../identifier.ts'
import type { FdbEntry } from './host-state.ts'
import { jsonList } from './section.ts'

interface BridgeFdb {
  readonly mac?: string
  readonly ifname?: string
  readonly dst?: string
  readonly state?: string
}

/** Reads `bridge -j fdb`. An entry appears once per VLAN and once without, as the kernel has it. */
export function parseFdb(line: string | undefined, host?: string): readonly FdbEntry[] {
  return jsonList<BridgeFdb>(line).flatMap((entry) =>
    entry.mac === undefined
      ? []
      : [
          {
            mac: macAddress(entry.mac, host),
            device: entry.ifname === undefined ? '' : interfaceName(entry.ifname, host),
            ...(entry.dst === undefined ? {} : { vtep: ipAddress(entry.dst, host) }),
            permanent: entry.state === 'permanent',
          },
        ],
  )
}
