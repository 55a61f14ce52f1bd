import type { LoadedImage } from '../loaded-image.ts'
import type { EngineName } from './engine.ts'
import type { Impairment } from './impairment.ts'
import type { InitName } from './init.ts'

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
  /** An outsider is on the underlays but not in the swarm: traffic is sent from it that no member would send. */
  readonly role: 'manager' | 'worker' | 'outsider'
  /** Engine flavour; the lab's default where it is not given. */
  readonly engine?: EngineName
  /** What runs as process 1; the lab's default where it is not given. */
  readonly init?: InitName
  readonly memoryMib: number
  readonly cpus: number
  /** IPv4 address without prefix length, by underlay name. At least one. */
  readonly addresses: Readonly<Record<string, string>>
  /** By underlay name, instead of the underlay's own; without any of its keys it says that the node is not impaired. */
  readonly impairments?: Readonly<Record<string, Impairment>>
}

/** A layer 2 segment between hosts. */
export interface UnderlaySpec {
  readonly name: string
  /** IPv4 CIDR, e.g. `192.168.56.0/24`. */
  readonly subnet: string
  readonly mtuBytes: number
  /** Of what every host sends onto it, unless the host says otherwise of itself. */
  readonly impairment?: Impairment
}

export interface SwarmSpec {
  /** Underlay whose addresses are advertised (2377, 7946). */
  readonly advertise: string
  /** Underlay whose addresses carry VXLAN and ESP. */
  readonly dataPath: string
  /** UDP port of VXLAN; 4789 unless configured. Moby allows 1024–49151. */
  readonly dataPathPort: number
  /** Where networks without a subnet of their own get one from; the engine's default pool where not given. */
  readonly addressPools?: AddressPoolsSpec
  /** Ingress is recreated with these settings before any service exists. */
  readonly ingress?: IngressSpec
  /** docker_gwbridge is made with these settings on every node before it joins. */
  readonly gatewayBridge?: GatewayBridgeSpec
}

export interface AddressPoolsSpec {
  /** IPv4 CIDRs, in order. */
  readonly pools: readonly string[]
  /** Prefix length of each network that is taken from them. */
  readonly maskLength: number
}

export interface IngressSpec {
  readonly name: string
  readonly subnet: string
  readonly gateway: string
  /** Value of the driver's MTU option: what the engine takes the underlay's MTU to be. */
  readonly mtuBytes?: number
  readonly encrypted: boolean
}

export interface GatewayBridgeSpec {
  readonly subnet: string
  readonly mtuBytes: number
}

/** Settings of the stack under test; what the stack consists of is `lib/swarm/stack.ts`. */
export interface StackSpec {
  /** The overlay without encryption. Subnet and gateway are given so that honouring them can be verified. */
  readonly clear: OverlaySpec
  /** Its encrypted twin. */
  readonly secret: OverlaySpec
  /** TCP port published through ingress; three more ports follow it. */
  readonly publishedPort: number
  /** The four ports the stack publishes, the first of them `publishedPort`, where they do not follow each other. */
  readonly ports?: readonly number[]
  /** Begins the name of everything that is created; `swp` where not given, as in every lab. */
  readonly namePrefix?: string
  /** Image that all tasks run; the one labs are made with where not given. */
  readonly probeImage?: LoadedImage
  /** What tasks serve is below it; chosen when the stack is built. */
  readonly probeNonce?: string
  /** The most memory a task may take; no limit where not given. */
  readonly taskMemoryMib?: number
}

export interface OverlaySpec {
  readonly subnet: string
  readonly gateway: string
  /** Value of the driver's MTU option: what the engine takes the underlay's MTU to be. */
  readonly mtuBytes?: number
}
