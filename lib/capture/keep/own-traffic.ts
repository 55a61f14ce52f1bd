/** Whose traffic a capture may hold on hosts that carry other people's, too. */
export interface OwnTraffic {
  /** UDP port of VXLAN in this swarm. */
  readonly dataPathPort: number
  /** Networks the run made, by VNI: whoever has an address of their subnet is an endpoint of the run's. */
  readonly networks: readonly OwnNetwork[]
  /** The network that all published services of a swarm share; undefined where there is none. */
  readonly ingress?: OwnIngress
}

export interface OwnNetwork {
  readonly vni: number
  /** IPv4, CIDR. */
  readonly subnet: string
}

export interface OwnIngress {
  readonly vni: number
  /** Addresses of the run's own tasks. One end of each packet kept is one of these. */
  readonly tasks: readonly string[]
  /** Addresses by which nodes reach tasks for clients. They stand for everybody's clients, so they do not suffice. */
  readonly sandboxes: readonly string[]
}

/** What one capture looks for beside that. */
export interface Sought {
  /** UDP ports of VXLAN beside the swarm's own. */
  readonly vxlanPorts?: readonly number[]
  /** The capture is inside a network namespace of a task, where packets are bare. */
  readonly inside?: boolean
  /** Random words that only the run sends: a packet that holds one is the run's, as far as its last one. */
  readonly markers?: readonly string[]
  /** Names that must not be readable; where they are, they stay readable in what is masked. */
  readonly words?: readonly string[]
}
