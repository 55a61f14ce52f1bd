import type { FdbEntry } from './host-state.ts'
import { jsonList } from './section.ts'

interface BridgeFdb {
  readonly mac?: string
  readonly ifname?: string
  readonly dst?: string
  readonly state?: string
}

/** Reads `bridge -j fdb`. An entry appears once per VLAN and once without, as the kernel has it. */
export function parseFdb(line: string | undefined): readonly FdbEntry[] {
  return jsonList<BridgeFdb>(line).flatMap((entry) =>
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
