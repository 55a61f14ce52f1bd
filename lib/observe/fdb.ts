import { z } from 'zod'
import { jsonList } from '../json-list.ts'
import type { FdbEntry } from './host-state.ts'

const bridgeFdb = z.object({
  mac: z.string().exactOptional(),
  ifname: z.string().exactOptional(),
  dst: z.string().exactOptional(),
  state: z.unknown().optional(),
})

/** Reads `bridge -j fdb`. An entry appears once per VLAN and once without, as the kernel has it. */
export function parseFdb(line: string | undefined): readonly FdbEntry[] {
  return jsonList(line, bridgeFdb).flatMap((entry) =>
    entry.mac === undefined
      ? []
      : [
          {
            mac: entry.mac,
            device: entry.ifname ?? '',
            ...(entry.dst === undefined ? {} : { vtep: entry.dst }),
            permanent: entry.state === 'permanent',
          },
        ],
  )
}
