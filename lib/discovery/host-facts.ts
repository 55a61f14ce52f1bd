import type { VxlanSettings } from '../observation/vxlan-device.ts'

/** What a host says of itself, read in one remote call; see `read-host-facts.ts`. Nothing is asked of its user. */
export interface HostFacts {
  /** The machine's own name. */
  readonly hostname: string
  /** Tells two names of one machine; empty where there is none. */
  readonly machineId: string
  /** Made by the kernel at every start; empty where it could not be read. */
  readonly bootId: string
  /** Fingerprints of the SSH host keys it has, with their types. */
  readonly hostKeys: readonly string[]
  /** As `uname -m` prints it, e.g. `x86_64`. */
  readonly architecture: string
  readonly kernelRelease: string
  readonly engine: EngineFacts
  readonly swarm: SwarmFacts
  readonly interfaces: readonly InterfaceFacts[]
  /** IPv4, main table. */
  readonly routes: readonly RouteFacts[]
  readonly vxlanDevices: readonly VxlanDeviceFacts[]
  /** Ports something listens on, of any address. */
  readonly heldPorts: readonly HeldPort[]
  /** Path of each program, undefined where it is not there. */
  readonly tools: Readonly<Record<ToolName, string | undefined>>
  readonly modules: Readonly<Record<ModuleName, ModuleState>>
  readonly clock: ClockFacts
  readonly firewall: FirewallFacts
  readonly disk: { readonly path: string; readonly freeMib: number }
  readonly memory: { readonly totalMib: number; readonly availableMib: number }
  readonly processors: number
  readonly networks: readonly DockerNetworkFacts[]
}

export interface EngineFacts {
  /** The engine's own, kept over restarts; empty where it says none. */
  readonly id: string
  readonly version: string
  readonly apiVersion: string
  /** Where it keeps its data. */
  readonly rootDirectory: string
  readonly operatingSystem: string
  /** Where it keeps network namespaces, below `netns`; undefined where it was not told, or could not be found out. */
  readonly execRoot?: string
  /** As `docker info` lists them: `name=seccomp,profile=builtin`, `name=rootless`. */
  readonly securityOptions?: readonly string[]
  readonly liveRestore?: boolean
  /** `iptables`, `nftables`, `iptables+firewalld`; engines from 28.1 say it. */
  readonly firewallBackend?: string
}

export interface SwarmFacts {
  readonly state: 'inactive' | 'pending' | 'active' | 'error' | 'locked'
  /** Why its state is `error`. */
  readonly error: string
  readonly nodeId: string
  /** The address it advertises. */
  readonly nodeAddress: string
  readonly isManager: boolean
  /** The swarm's own id; only managers know it. */
  readonly clusterId?: string
  /** UDP port of VXLAN; only managers know it. */
  readonly dataPathPort?: number
  /** Outer address of VXLAN and ESP where one was given when it joined; the advertised one otherwise. */
  readonly dataPathAddress?: string
}

export interface InterfaceFacts {
  readonly name: string
  readonly mtuBytes: number
  readonly up: boolean
  /** `bridge`, `veth`, `vxlan` and so on, empty for a card. */
  readonly kind: string
  readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[]
  /** Kernel driver of a card; undefined for what is no device. */
  readonly driver?: string
  /** Offloads that are switched on, by the names of `ethtool -k`; undefined where they could not be read. */
  readonly offloads?: readonly string[]
}

export interface RouteFacts {
  /** CIDR or `default`. */
  readonly destination: string
  readonly device: string
  readonly gateway?: string
}

export interface HeldPort {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

export const toolNames = [
  'ip',
  'perl',
  'tcpdump',
  'nsenter',
  'ipvsadm',
  'iptables',
  'nft',
  'ethtool',
  'tar',
] as const
export type ToolName = (typeof toolNames)[number]

/** Debian's and Ubuntu's names. */
export const packageOfTool: Readonly<Record<ToolName, string>> = {
  ip: 'iproute2',
  perl: 'perl-base',
  tcpdump: 'tcpdump',
  nsenter: 'util-linux',
  ipvsadm: 'ipvsadm',
  iptables: 'iptables',
  nft: 'nftables',
  ethtool: 'ethtool',
  tar: 'tar',
}

export const moduleNames = ['vxlan', 'ip_vs', 'esp4', 'xt_bpf', 'xt_u32', 'br_netfilter'] as const
export type ModuleName = (typeof moduleNames)[number]

/** `loadable`: not loaded now, loaded when it is needed. `unknown`: the host has no list of its modules. */
export type ModuleState = 'loaded' | 'builtin' | 'loadable' | 'missing' | 'unknown'

export interface ClockFacts {
  /** The host's clock minus ours. */
  readonly offsetMs: number
  /** The true offset is at most this far away. */
  readonly uncertaintyMs: number
}

export interface FirewallFacts {
  /** Those that are active, e.g. `firewalld`. */
  readonly managers: readonly string[]
  /** What could drop what arrives: `nftables, 2 chains on input`. */
  readonly input: readonly string[]
}

export interface DockerNetworkFacts {
  readonly name: string
  readonly driver: string
  readonly scope: string
  /** IPv4 CIDRs. */
  readonly subnets: readonly string[]
  /** Of an overlay, one for each subnet, as far as this engine knows them. */
  readonly vnis?: readonly number[]
}

/** In the host's own namespace, where engines keep none of theirs. */
export interface VxlanDeviceFacts extends VxlanSettings {
  readonly name: string
  readonly up: boolean
}
