import type { Neighbour } from './host-state.ts'
import { jsonList } from './section.ts'

interface IpNeighbour {
  readonly dst?: string
  readonly dev?: string
  readonly lladdr?: string
  readonly state?: readonly string[]
}

/** Reads `ip -j neigh`. */
export function parseNeighbours(line: string | undefined): readonly Neighbour[] {
  return jsonList<IpNeighbour>(line).flatMap((entry) =>
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
