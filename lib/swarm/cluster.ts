import type { Host } from '../host/host.ts'

/** A running swarm. The swarm room is the only one that knows docker commands. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[]
  /** UDP port of VXLAN in this swarm. */
  readonly dataPathPort: number
  /** A manager, from which API state is read. */
  readonly manager: ClusterNode
}

export interface ClusterNode {
  readonly host: Host
  /** Swarm node id. */
  readonly nodeId: string
  readonly role: 'manager' | 'worker'
  /** Control plane address and the interface that has it. */
  readonly advertise: { readonly address: string; readonly interface: string }
  /** The address that its engine says it advertises, which may be another; '' where it says none. */
  readonly advertised?: string
  /** Outer address of VXLAN and ESP and the interface that has it. */
  readonly dataPath: { readonly address: string; readonly interface: string }
  readonly engineVersion: string
  readonly kernelRelease: string
  /** Of a node that is drained or paused by its owner: services get no task there. */
  readonly takesTasks?: false
}

/** The nodes on which services get tasks. */
export function takers({ nodes }: Pick<Cluster, 'nodes'>): readonly ClusterNode[] {
  return nodes.filter(({ takesTasks }) => takesTasks !== false)
}

export interface OverlayNetwork {
  readonly id: string
  readonly name: string
  readonly subnet: string
  readonly gateway: string
  /** From the network's `vxlanid_list`. */
  readonly vni: number
  readonly encrypted: boolean
  readonly ingress: boolean
}

export interface Service {
  readonly id: string
  readonly name: string
  readonly endpointMode: 'vip' | 'dnsrr'
  /** VIP without prefix length, by network id; empty for dnsrr. */
  readonly vips: Readonly<Record<string, string>>
  readonly published: readonly PublishedPort[]
}

export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp'
  readonly publishedPort: number
  readonly targetPort: number
  readonly mode: 'ingress' | 'host'
}

/** A running task and where it is. */
export interface Task {
  readonly id: string
  readonly service: string
  readonly node: ClusterNode
  readonly containerId: string
  /** Process id of the container's first process on its host. */
  readonly pid: number
  /** What the task's HTTP server answers on `/`, unique per task. */
  readonly hostname: string
  /** Its attachment to each network, by network name; includes `ingress` and `docker_gwbridge` where it has them. */
  readonly endpoints: Readonly<Record<string, Endpoint>>
}

export interface Endpoint {
  /** Without prefix length. */
  readonly address: string
  readonly mac: string
  readonly prefixLength: number
}
