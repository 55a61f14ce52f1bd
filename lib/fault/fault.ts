import type { Lab } from '../host/host.ts'
import type { Cluster } from '../swarm/cluster.ts'
import type { Stack } from '../swarm/stack.ts'

/** A defect planted on a lab to prove that verdicts turn to fail. */
export type Fault = Defect & (Named | Unnamed)

interface Defect {
  readonly name: string
  /** What is wrong while it is planted, one sentence. */
  readonly description: string
  /** Requirements that must turn `fail` while it is planted. */
  readonly breaks: readonly string[]
  /** Codes of causes that are true under it besides the one that must come first, wherever they are. */
  readonly besides?: readonly string[]
  /**
   * A node leaves the swarm and joins again: its tasks are others then, or engines refuse them. No lab is kept after it,
   * for a node that left may have failed to join; so a lab that stands is spared it.
   */
  readonly rejoins?: true
  /** Plants it and returns how to remove it again. */
  plant(on: {
    cluster: Cluster
    stack: Stack
    /** For faults of hosts outside the swarm. */
    lab?: Pick<Lab, 'hosts'>
  }): Promise<Planted>
}

interface Named {
  /** The finding that must come first while it is planted. */
  readonly namedBy: NamedBy
  readonly unnamed?: never
}

/** No finding can honestly name it yet: then no cause is said at all. */
interface Unnamed {
  readonly namedBy?: never
  /** Why not. */
  readonly unnamed: string
}

export interface NamedBy {
  /** Of the finding. */
  readonly code: string
  /** `host`: the finding names the fault's host and no other node; `pairs`: it names pairs, all to or from that host. */
  readonly at: 'host' | 'pairs'
}

export interface Planted {
  readonly remove: () => Promise<void>
  /** Where it shows. */
  readonly host: string
  /** Where the cause is, if that is another node. */
  readonly causeAt?: string
}
