import type { Topology } from '../topology/topology.ts'

/**
 * The lab as judgements see it: plain JSON, stored once per generation. A generation begins when the lab is put back,
 * its stack read again, or its captures repeated.
 */
export interface ClusterFacts {
  readonly generation: number
  /** ISO 8601, when it was read. */
  readonly readAt: string
  readonly topology: Pick<Topology, 'name' | 'nodes' | 'underlays' | 'swarm' | 'stack'>
  readonly nodes: readonly NodeFacts[]
  /** Name of the manager that API state is read from. */
  readonly manager: string
  /** Hosts of the lab that are not in the swarm. */
  readonly outsiders: readonly string[]
  /** UDP port of VXLAN in this swarm. */
  readonly dataPathPort: number
  /** A swarm may have no ingress: its owner may have removed it. */
  readonly networks: Readonly<Record<Exclude<NetworkRole, 'ingress'>, NetworkFacts>> & {
    readonly ingress?: NetworkFacts
  }
  readonly services: Readonly<Record<ServiceRole, ServiceFacts>>
  readonly tasks: readonly TaskFacts[]
  readonly bulkBytes: number
  readonly namePrefix: string
  /** The hosts were made by swarmproof and end with the lab. */
  readonly owned: boolean
  /** Hosts share one kernel, which is not theirs to change: containers. */
  readonly sharesKernel: boolean
  /** What was observed while the stack was built, maybe by an earlier run whose lab was saved. */
  readonly built: BuiltFacts
  /** Tasks of the stack that engines did not get to run, with the engines' own words. */
  readonly refused: readonly RefusedFacts[]
  /** The ordered pairs of nodes that are tried; undefined where all are. */
  readonly pairs?: PairSample
}

/** Ordered pairs of nodes that stand for all: every node sends as often as every other, and receives as often. */
export interface PairSample {
  /** The same nodes and the same seed give the same sample. */
  readonly seed: number
  readonly taken: number
  /** All ordered pairs of these nodes. */
  readonly of: number
  /** Names of receivers by that of the sender. */
  readonly partners: Readonly<Record<string, readonly string[]>>
}

export interface RefusedFacts {
  readonly service: string
  /** Undefined where the swarm found no node for it. */
  readonly node?: string
  readonly state: string
  readonly error: string
}

export type NetworkRole = 'clear' | 'secret' | 'auto' | 'extra' | 'shop' | 'ingress'
export type ServiceRole = 'web' | 'rr' | 'vault' | 'island' | 'both' | 'dual' | 'here' | 'front' | 'back'

export interface NodeFacts {
  readonly name: string
  readonly nodeId: string
  readonly role: 'manager' | 'worker'
  readonly advertise: { readonly address: string; readonly interface: string }
  /** The address that its engine says it advertises, which may be another; '' where it says none, not there in older runs. */
  readonly advertised?: string
  /** Outer address of VXLAN and ESP and the interface that has it. */
  readonly dataPath: { readonly address: string; readonly interface: string }
  readonly engineVersion: string
  readonly kernelRelease: string
  /** False where its owner drained or paused it: services get no task there. */
  readonly takesTasks: boolean
  /** Of its interfaces in the host's own namespace, by name. */
  readonly macs: Readonly<Record<string, string>>
  /** Kernel modules swarm needs, by name: loaded or built in, or loaded when wanted. */
  readonly modules: Readonly<Record<string, boolean>>
}

export interface NetworkFacts {
  readonly id: string
  readonly name: string
  readonly subnet: string
  readonly gateway: string
  readonly vni: number
  readonly encrypted: boolean
  readonly ingress: boolean
}

export interface ServiceFacts {
  readonly id: string
  readonly name: string
  readonly endpointMode: 'vip' | 'dnsrr'
  /** By network id; empty for dnsrr. */
  readonly vips: Readonly<Record<string, string>>
  readonly published: readonly {
    readonly protocol: 'tcp' | 'udp'
    readonly publishedPort: number
    readonly targetPort: number
    readonly mode: 'ingress' | 'host'
  }[]
}

/** A running task and where it is. */
export interface TaskFacts {
  readonly id: string
  readonly service: string
  /** Name of its node. */
  readonly node: string
  readonly containerId: string
  readonly hostname: string
  readonly endpoints: Readonly<
    Record<string, { readonly address: string; readonly mac: string; readonly prefixLength: number }>
  >
}

export interface BuiltFacts {
  readonly builtAt: string
  readonly networksBeforeServices?: Readonly<
    Record<string, readonly { readonly name: string; readonly driver: string; readonly scope: string }[]>
  >
  readonly firstIngress?: unknown
  readonly requested: Readonly<Record<string, { readonly subnet?: string; readonly gateway?: string }>>
}

/** `web@worker1`: how reports name a task. */
export function taskName(task: Pick<TaskFacts, 'service' | 'node'>): string {
  return `${task.service}@${task.node}`
}

/** The task's address on a network; empty if it has none there. */
export function addressIn(task: Pick<TaskFacts, 'endpoints'>, network: { readonly name: string }): string {
  return task.endpoints[network.name]?.address ?? ''
}

/** Tasks of the stack that are attached to a network. */
export function tasksIn(
  { networks, tasks }: Pick<ClusterFacts, 'networks' | 'tasks'>,
  role: NetworkRole,
): TaskFacts[] {
  const name = networks[role]?.name
  return name === undefined ? [] : tasks.filter((task) => task.endpoints[name] !== undefined)
}

export function taskOf({ tasks }: Pick<ClusterFacts, 'tasks'>, id: string): TaskFacts {
  const task = tasks.find((one) => one.id === id)
  if (task === undefined) throw new Error(`no task ${id} in the facts of its generation`)
  return task
}

export function nodeOf({ nodes }: Pick<ClusterFacts, 'nodes'>, name: string): NodeFacts {
  const node = nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`no node ${name} in the facts of its generation`)
  return node
}

/** Every ordered pair of different entries. */
export function pairsOf<T>(entries: readonly T[]): (readonly [T, T])[] {
  return entries.flatMap((from) => entries.filter((to) => to !== from).map((to) => [from, to] as const))
}

/** Nodes that take tasks and have none of these: from there nothing could be seen. */
export function nodesWithout(facts: Pick<ClusterFacts, 'nodes'>, tasks: readonly TaskFacts[]): string[] {
  return facts.nodes
    .filter(({ name, takesTasks }) => takesTasks && !tasks.some(({ node }) => node === name))
    .map(({ name }) => name)
}
