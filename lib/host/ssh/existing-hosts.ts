import { SwarmproofError } from '../../error.ts'
import type { HostProvider } from '../host.ts'
import { existingHosts } from '../origin.ts'

function refuse(): Promise<never> {
  return Promise.reject(
    new SwarmproofError({
      code: 'NOT_OUR_HOSTS',
      what: 'existing hosts are neither started nor removed',
    }),
  )
}

/** In the place of a provider where hosts are somebody's: it makes none, and has none to list or to end. */
export const existingHostsProvider: HostProvider = {
  origin: existingHosts,
  start: refuse,
  attach: refuse,
  remove: refuse,
  list: async () => [],
  candidates: async () => [],
  clean: async () => ({ removed: [], left: [] }),
}
