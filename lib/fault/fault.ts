import type { Lab } from '../host/host.ts'
import type { Cluster } from '../swarm/cluster.ts'
import type { Stack } from '../swarm/stack.ts'
/** A defect planted on a lab to prove that verdicts turn to fail. */
export interface Fault {
  readonly name: string
  /** What is wrong while it is planted, one sentence. */
  readonly description: string
  /** Requirements that must turn `fail` while it is planted. */
  readonly breaks: readonly string[]
  /** Plants it and returns how to remove it again. */
  plant(on: {
    cluster: Cluster
    stack: Stack
    /** For faults of hosts outside the swarm. */
    lab?: Pick<Lab, 'hosts'>
  }): Promise<{ readonly remove: () => Promise<void>; readonly host: string }>
}
