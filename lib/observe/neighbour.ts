import { z } from 'zod'
import { jsonList } from '../json-list.ts'
import type { Neighbour } from './host-state.ts'

const ipNeighbour = z.object({
  dst: z.string().exactOptional(),
  dev: z.string().exactOptional(),
  lladdr: z.string().exactOptional(),
  state: z.array(z.string()).exactOptional(),
})

/** Reads `ip -j neigh`. */
export function parseNeighbours(line: string | undefined): readonly Neighbour[] {
  return jsonList(line, ipNeighbour).flatMap((entry) =>
    entry.dst === undefined
      ? []
      : [
          {
            address: entry.dst,
            ...(entry.lladdr === undefined ? {} : { mac: entry.lladdr }),
            device: entry.dev ?? '',
            state: entry.state?.join(',') ?? '',
          },
        ],
  )
}
