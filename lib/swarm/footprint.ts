import type { OverlaySpec, Topology } from '../topology/topology.ts'
import type { Occupied } from './read-occupied.ts'

/** A placeholder: what a stack takes of a swarm that is somebody's. */
export interface Footprint {
  readonly prefix: string
  readonly clear: OverlaySpec
  readonly secret: OverlaySpec
  readonly ports: readonly number[]
}

export function chooseFootprint({ hosts }: Occupied): Footprint {
  if (hosts.length === 0) throw new RangeError('no hosts')
  return {
    prefix: 'swp-xxxx',
    clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
    secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
    ports: [20_001, 20_002, 20_003, 20_004],
  }
}

export function withFootprint(
  topology: Topology,
  { clear, secret }: Footprint,
  { probeImage, taskMemoryMib }: { readonly probeImage: string; readonly taskMemoryMib: number },
): Topology {
  if (probeImage === '' || taskMemoryMib <= 0) throw new RangeError('no image or no memory')
  return { ...topology, stack: { ...topology.stack, clear, secret } }
}
