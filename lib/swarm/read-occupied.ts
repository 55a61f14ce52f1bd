import type { Remote } from '../remote/remote.ts'

/** A placeholder: what is in use on hosts. */
export interface Occupied {
  readonly hosts: readonly string[]
}

export async function readOccupied(remotes: readonly Remote[]): Promise<Occupied> {
  return { hosts: remotes.map(({ host }) => host) }
}
