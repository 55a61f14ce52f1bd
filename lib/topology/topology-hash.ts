import { createHash } from 'node:crypto'
import type { Topology } from './topology.ts'

/** SHA-256 of the topology's canonical JSON, in hex: the same for the same content, whatever the order of keys. */
export function topologyHash(topology: Topology): string {
  return createHash('sha256').update(canonicalJson(topology)).digest('hex')
}

/** Lists keep their order: the first node is another one than the second. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
