import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import type { HostResolver } from './host-resolver.ts'

/** A task on a node, and the nameservers it should inherit. */
export interface ResolverPlace {
  readonly node: ClusterNode
  readonly task: Task
  readonly resolver: HostResolver
}

/** The same as data. */
export interface PlaceSeen {
  /** Label of the task. */
  readonly task: string
  readonly resolver: HostResolver
}
