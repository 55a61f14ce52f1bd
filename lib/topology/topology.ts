/**
 * What a lab is: an immutable description without behaviour. Made from YAML by `readTopology`,
 * validated and deeply frozen. Names are unique and match /^[a-z][a-z0-9-]{0,30}$/.
 */
export interface Topology {
  /** File name without extension. */
  readonly name: string
  readonly description: string
  readonly nodes: readonly NodeSpec[]
  readonly underlays: readonly UnderlaySpec[]
  readonly swarm: SwarmSpec
  readonly stack: StackSpec
}

export interface NodeSpec {
  readonly name: string
  readonly role: 'manager' | 'worker'
  readonly memoryMib: number
  readonly cpus: number
  /** IPv4 address without prefix length, by underlay name. At least one. */
  readonly addresses: Readonly<Record<string, string>>
}

/** A layer 2 segment between hosts. */
export interface UnderlaySpec {
  readonly name: string
  /** IPv4 CIDR, e.g. `192.168.56.0/24`. */
  readonly subnet: string
  readonly mtuBytes: number
}

export interface SwarmSpec {
  /** Underlay whose addresses are advertised (2377, 7946). */
  readonly advertise: string
  /** Underlay whose addresses carry VXLAN and ESP. */
  readonly dataPath: string
  /** UDP port of VXLAN; 4789 unless configured. Moby allows 1024–49151. */
  readonly dataPathPort: number
}

/** Settings of the stack under test; what the stack consists of is `lib/swarm/stack.ts`. */
export interface StackSpec {
  /** The overlay without encryption. Subnet and gateway are given so that honouring them can be verified. */
  readonly clear: OverlaySpec
  /** Its encrypted twin. */
  readonly secret: OverlaySpec
  /** TCP port published through ingress. */
  readonly publishedPort: number
}

export interface OverlaySpec {
  readonly subnet: string
  readonly gateway: string
}
