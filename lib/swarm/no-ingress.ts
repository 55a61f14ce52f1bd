import { MissingPrerequisite } from '../missing-prerequisite.ts'
import type { OverlayNetwork } from './cluster.ts'
import type { Stack } from './stack.ts'

type Networks = Stack['networks']

/**
 * The networks of a stack with ingress beside them. A swarm may have none, for its owner removed it: whoever then asks
 * for it is told so by `Lacking`, which makes a skip of exactly the requirements that rest on it, and whoever goes
 * through all networks does not meet it.
 */
export function withIngress(
  others: Omit<Networks, 'ingress'>,
  ingress: OverlayNetwork | undefined,
): Networks {
  if (ingress !== undefined) return { ...others, ingress }
  return Object.defineProperty({ ...others }, 'ingress', {
    enumerable: false,
    get(): never {
      throw new MissingPrerequisite({ code: 'NO_INGRESS', what: 'this swarm has no ingress network' })
    },
  }) as Networks
}

export function hasIngress({ networks }: Pick<Stack, 'networks'>): boolean {
  return Object.keys(networks).includes('ingress')
}
