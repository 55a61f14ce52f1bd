import { prefixLengthOf } from './cidr.ts'

/**
 * Whether a route stands for "everything else": the default route itself, and the halves of the world by which VPNs
 * override it without touching it (0.0.0.0/1 and 128.0.0.0/1). Narrower routes go first, so nothing overlaps these.
 */
export function isDefaultLike(destination: string): boolean {
  return destination === 'default' || (destination.includes('/') && prefixLengthOf(destination) <= 1)
}
