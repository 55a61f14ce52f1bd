import type { HostProvider } from './host.ts'
import { existingHosts } from './origin.ts'
import * as all from './providers.ts'

/** All that make hosts. */
export const providers: readonly HostProvider[] = Object.values(all)

/** What hosts are where nothing else was asked for or fits better: it works on every machine. */
export const usualProvider: HostProvider = all.machines

/** Where hosts of an id come from, in words; of a provider that is not known here, the id. */
export function originName(id: string): string {
  const origins = [existingHosts, ...providers.map(({ origin }) => origin)]
  return origins.find((origin) => origin.id === id)?.name ?? id
}
