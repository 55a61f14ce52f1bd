import type { SshDestination } from '../remote/open-ssh/destination.ts'

/** A host that somebody has, as it was described: nothing of it was read from the host itself yet. */
export interface InventoryHost {
  /** Unique in its inventory. */
  readonly name: string
  readonly destination: SshDestination
  /** Where it is not given, a running swarm says it. */
  readonly role?: 'manager' | 'worker'
  /** IPv4 address of the host that its swarm is to advertise (2377, 7946). */
  readonly advertise?: string
  /** IPv4 address of the host that carries VXLAN and ESP; the advertised one where not given. */
  readonly dataPath?: string
}

export interface Inventory {
  readonly hosts: readonly InventoryHost[]
  /** Where it comes from, for messages: a file, or the words of the command line. */
  readonly source: string
  /** What was understood but not followed, one sentence each. */
  readonly warnings: readonly string[]
}
