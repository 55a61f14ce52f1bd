import { z } from 'zod'
import { interfaceName, ipAddress, macAddressOrNone } from '../identifier.ts'
import { jsonList } from '../json-list.ts'
import type { Neighbour } from './host-state.ts'

const ipNeighbour = z.object({
  dst: z.string().exactOptional(),
  dev: z.string().exactOptional(),
  lladdr: z.string().exactOptional(),
  state: z.array(z.string()).exactOptional(),
})

/** Reads `ip -j neigh`. */
export function parseNeighbours(line: string | undefined, host?: string): readonly Neighbour[] {
  return jsonList(line, ipNeighbour).flatMap((entry) =>
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
