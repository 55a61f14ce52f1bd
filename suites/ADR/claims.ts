/** Somebody who has an address on a network, as one source tells it. */
export interface Claim {
  readonly network: string
  readonly address: string
  /** Who has it, unique within the source; several claims of one holder are one. */
  readonly holder: string
}

/** Addresses that more than one holder has on one network, each with all its holders, in words. */
export function sharedAddresses(source: string, claims: readonly Claim[]): string[] {
  const holders = new Map<string, Set<string>>()
  for (const { network, address, holder } of claims) {
    const key = `${address} on ${network}`
    holders.set(key, (holders.get(key) ?? new Set()).add(holder))
  }
  return [...holders]
    .filter(([, who]) => who.size > 1)
    .map(([key, who]) => `${key} is held by ${[...who].join(' and by ')}, as ${source} tell it`)
}
