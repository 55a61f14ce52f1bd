import { z } from 'zod'
import { interfaceName, ipAddress, macAddress } from '../identifier.ts'
import { jsonList } from '../json-list.ts'
import type { FdbEntry } from './host-state.ts'

const bridgeFdb = z.object({
  mac: z.string().exactOptional(),
  ifname: z.string().exactOptional(),
  dst: z.string().exactOptional(),
  state: z.unknown().optional(),
})

/** Reads `bridge -j fdb`. An entry appears once per VLAN and once without, as the kernel has it. */
export function parseFdb(line: string | undefined, host?: string): readonly FdbEntry[] {
  return jsonList(line, bridgeFdb).flatMap((entry) =>
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
