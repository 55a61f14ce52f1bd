import type { NodeFacts } from '../observation/facts.ts'
import type { HostState, Link } from '../observe/host-state.ts'
import { canonicalAddress } from '../packet/canonical-address.ts'

/** Why a node cannot be reached at its data-path address. */
export interface DataPathGone {
  readonly kind: 'no-interface' | 'down' | 'no-address'
  /** The interface that is meant to have it; undefined where there is none of that name. */
  readonly link?: Link
  /** Another interface that has the address now. */
  readonly elsewhere?: Link
}

/** Undefined where the interface is up and has the address, and where no interfaces were read. */
export function dataPathGone(
  { root: { links } }: Pick<HostState, 'root'>,
  { address, interface: device }: NodeFacts['dataPath'],
): DataPathGone | undefined {
  if (links.length === 0) return undefined
  const link = links.find(({ name }) => name === device)
  if (link?.up === true && hasAddress(link, address)) return undefined
  const other = links.find((one) => one !== link && hasAddress(one, address))
  const elsewhere = other === undefined ? {} : { elsewhere: other }
  if (link === undefined) return { kind: 'no-interface', ...elsewhere }
  return { kind: link.up ? 'no-address' : 'down', link, ...elsewhere }
}

function hasAddress({ addresses }: Link, wanted: string): boolean {
  const plain = canonicalAddress(wanted)
  return addresses.some(({ address }) => address === wanted || canonicalAddress(address) === plain)
}
