import { isWithin, type VersionRange } from './engine.ts'

/**
 * Engines that derive the SPI of an encrypted network’s packets from shorter forms of the nodes’ addresses than all
 * others. Nothing tells the other end, so between the two kinds every packet arrives with an SPI nobody knows.
 * Source: release notes of engine 29.2.1; moby/moby#51798 and #51951.
 */
export const otherSpiEngines: readonly VersionRange[] = [
  { since: '25.0.13', until: '25.0.15' },
  { since: '28.2.2', until: '28.2.3' },
  { since: '29.0.0', until: '29.2.1' },
]

/** Versions of both kinds, if there are both: their encrypted networks carry nothing from one kind to the other. */
export function apartWhenEncrypted(
  versions: readonly string[],
): { readonly some: readonly string[]; readonly others: readonly string[] } | undefined {
  const all = [...new Set(versions)]
  const some = all.filter((version) => isWithin(version, otherSpiEngines))
  const others = all.filter((version) => !some.includes(version))
  return some.length === 0 || others.length === 0 ? undefined : { some, others }
}
