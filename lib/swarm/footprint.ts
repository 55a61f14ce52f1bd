import type { OverlaySpec } from '../topology/topology.ts'
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

export function describeFootprint({ prefix, clear, secret, ports }: Footprint): string[] {
  return [
    `overlay networks ${prefix}-… with subnets ${clear.subnet} and ${secret.subnet}`,
    `published ports ${ports.join(', ')}`,
  ]
}
