import { interfaceName, ipAddress, macAddressOrNone } from '../identifier.ts'
import type { Neighbour } from './host-state.ts'
import { jsonList } from './section.ts'

interface IpNeighbour {
  readonly dst?: string
  readonly dev?: string
  readonly lladdr?: string
  readonly state?: readonly string[]
}

/** Reads `ip -j neigh`. */
export function parseNeighbours(line: string | undefined, host?: string): readonly Neighbour[] {
  return jsonList<IpNeighbour>(line).flatMap((entry) =>
    entry.dst === undefined
      ? []
      : [
          {
            address: ipAddress(entry.dst, host),
            ...(entry.lladdr === undefined ? {} : { mac: macAddressOrNone(entry.lladdr) }),
            device: entry.dev === undefined ? '' : interfaceName(entry.dev, host),
            state: entry.state?.join(',') ?? '',
          },
        ],
  )
}
