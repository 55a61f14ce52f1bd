import type { VxlanSettings } from '../observation/vxlan-device.ts'
import type { Counters } from './counters.ts'
import type { HostLoad } from './host-load.ts'
import type { KernelEvent } from './kernel-events.ts'
import type { RoutingRule } from './policy-routing.ts'
import type { RoutingTable } from './routing-table.ts'
import type { QueueingDiscipline } from './queueing.ts'
import type { KernelSettings, SettingFile } from './settings.ts'

/**
 * A host's kernel state as data, read in one remote call. Key material never leaves the host.
 * Every field is what the kernel said, not what Docker believes.
 */
export interface HostState {
  readonly host: string
  /** ISO 8601, by the host's clock. */
  readonly takenAt: string
  /** The host's own network namespace. */
  readonly root: NamespaceState
  /** Namespaces below /run/docker/netns, by file name: `1-<network id>`, `lb_<id>`, `ingress_sbox`, sandboxes. */
  readonly namespaces: Readonly<Record<string, NamespaceState>>
  /**
   * Inode text of the network namespace by process id, for the processes that were asked for and live;
   * compare with `NamespaceState.inode`.
   */
  readonly namespaceOf: Readonly<Record<number, string>>
  /** IPsec state of the root namespace, without keys. */
  readonly securityAssociations: readonly SecurityAssociation[]
  readonly securityPolicies: readonly SecurityPolicy[]
  /** The iptables that `firewall` was read with; engines use the same. */
  readonly firewallBackend: FirewallBackend
  /** Loaded or built-in, by name, of those swarm needs: vxlan, ip_vs, esp4, xt_bpf, xt_u32, br_netfilter. */
  readonly kernelModules: Readonly<Record<string, boolean>>
  /** Of the same names, those that are not loaded but could be. */
  readonly loadableModules: readonly string[]
  /** Chains of nftables that iptables does not manage; undefined where nf_tables is not loaded or `nft` is not there. */
  readonly nftables?: readonly NftChain[]
  /** Lines of files of sysctl that set what decides about packets, in the order they are applied. */
  readonly settingFiles?: readonly SettingFile[]
  /** The same of `net.ipv4.ip_forward` alone, in runs that were stored before there was `settingFiles`. */
  readonly forwardingFiles?: readonly { readonly file: string; readonly value: string }[]
  /** The kernel’s id of this boot: counters are compared within one. */
  readonly bootId?: string
  /** Rules of policy routing; empty where only the kernel’s own three are. */
  readonly routingRules?: readonly RoutingRule[]
  /** Of the table main, as the routes of `root`. Undefined in runs of before they were read with their metrics. */
  readonly refusingRoutes?: readonly RefusingRoute[]
  /** Of every routing table that has a default route, or that a rule leads to. Undefined where none leads to another than main. */
  readonly routingTables?: readonly RoutingTable[]
  /** Of the host’s own interfaces. Undefined without `tc`. */
  readonly queueing?: readonly QueueingDiscipline[]
  /** Entries of the neighbour tables of all namespaces, which share `net.ipv4.neigh.default.gc_thresh3`. */
  readonly neighbourEntries?: number
  readonly load?: HostLoad
  /** Seconds since boot when it was read; events have such times, too. */
  readonly uptimeSeconds?: number
  /** What the kernel said since boot, the last hundred of those that matter. */
  readonly events?: readonly KernelEvent[]
  /** Listening sockets of the root namespace. */
  readonly listeners: readonly Listener[]
  /** What could not be read, and what would make it readable. Its fields above are empty, not proven empty. */
  readonly unavailable: readonly Unavailable[]
}

export interface Unavailable {
  /** e.g. `firewall`, or `namespace /run/docker/netns/1-abc`. */
  readonly what: string
  readonly tool: string
  /** Debian package that has the tool; empty if the tool is there and failed. */
  readonly package: string
}

export interface FirewallBackend {
  readonly backend: 'nft' | 'legacy' | 'none'
  /** The program `iptables` leads to. */
  readonly program: string
  /** Tables of the legacy implementation; with backend `nft`, rules there are a split firewall. */
  readonly legacyTables: readonly string[]
}

export interface NamespaceState {
  /** `net:[4026532530]`, as `readlink /proc/PID/ns/net` prints it. */
  readonly inode: string
  readonly links: readonly Link[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly Neighbour[]
  readonly fdb: readonly FdbEntry[]
  readonly ipvs: readonly IpvsService[]
  readonly firewall: readonly FirewallRule[]
  /** Chains of nftables there that iptables does not manage, where they were read. */
  readonly nftables?: readonly NftChain[]
  /** Built-in chains; what no rule of theirs decides their policy does. */
  readonly policies?: readonly FirewallPolicy[]
  /** `net.ipv4.ip_forward` there. */
  readonly forwards?: boolean
  /** Undefined in runs of before they were read, and where nothing could be read. */
  readonly settings?: KernelSettings
  readonly counters?: Counters
}

/** Of a namespace what the devices in it have. */
export type DeviceTables = Pick<NamespaceState, 'inode' | 'links' | 'routes' | 'neighbours' | 'fdb'>

/** What is read where somebody looks again and again: a part of `HostState`, with the same fields. */
export interface DevicesState extends Pick<
  HostState,
  'host' | 'takenAt' | 'securityAssociations' | 'securityPolicies' | 'unavailable'
> {
  readonly root: DeviceTables
  readonly namespaces: Readonly<Record<string, DeviceTables>>
}

/** Rules of the host's own firewall, for who looks at what they count: a part of `HostState`, with the same fields. */
export interface RulesState extends Pick<
  HostState,
  'host' | 'takenAt' | 'firewallBackend' | 'nftables' | 'unavailable'
> {
  readonly root: Pick<NamespaceState, 'inode' | 'firewall' | 'policies'>
}

export interface Link {
  readonly name: string
  readonly index: number
  /** `vxlan`, `bridge`, `veth`, `` for physical. */
  readonly kind: string
  readonly mtuBytes: number
  readonly mac: string
  readonly up: boolean
  /** Name of the bridge or bond it belongs to. */
  readonly master?: string
  readonly vxlan?: VxlanSettings
  /** Of `veth`: index of its other end, in whichever namespace that is. Undefined in runs of before it was read. */
  readonly peerIndex?: number
  /** Of `vlan`, `macvlan` and `ipvlan`: index of the interface that it is on. Undefined in runs of before it was read. */
  readonly parentIndex?: number
  /** Of VXLAN devices: created in the namespace that it is in, not moved there. Undefined in runs of before it was read. */
  readonly createdHere?: boolean
  /** Since it was made. */
  readonly received?: LinkCounters
  readonly sent?: LinkCounters
  readonly addresses: readonly {
    readonly address: string
    readonly prefixLength: number
    readonly family: 'inet' | 'inet6'
  }[]
}

export interface LinkCounters {
  readonly packets: number
  readonly errors: number
  readonly dropped: number
}

export interface Route {
  /** CIDR or `default`. IPv4, main table. */
  readonly destination: string
  readonly device: string
  readonly gateway?: string
  /** 0 where it is not there. Of equal destinations the lowest is taken. */
  readonly metric?: number
}

/** A route that lets nothing through to what it covers. */
export interface RefusingRoute {
  readonly kind: 'blackhole' | 'unreachable' | 'prohibit'
  /** CIDR or `default`. IPv4, main table. */
  readonly destination: string
  /** Of equal destinations the route with the lowest is taken. */
  readonly metric: number
}

export interface Neighbour {
  readonly address: string
  readonly mac?: string
  readonly device: string
  /** e.g. PERMANENT, REACHABLE, FAILED. */
  readonly state: string
}

export interface FdbEntry {
  readonly mac: string
  readonly device: string
  /** Remote VTEP; undefined for local entries. */
  readonly vtep?: string
  readonly permanent: boolean
}

export interface IpvsService {
  /** Swarm uses firewall marks. */
  readonly firewallMark: number
  /** e.g. `rr`. */
  readonly scheduler: string
  readonly destinations: readonly {
    readonly address: string
    readonly weight: number
    readonly forwarding: string
  }[]
}

/** A built-in chain as `iptables-save -c` prints it. */
export interface FirewallPolicy {
  readonly table: string
  readonly chain: string
  /** `ACCEPT` or `DROP`. */
  readonly policy: string
  /** That the policy decided about. */
  readonly packets: number
}

/** One rule as `iptables-save -c` prints it. */
export interface FirewallRule {
  readonly table: string
  readonly chain: string
  /** 1-based within its chain. */
  readonly position: number
  /** Everything after the chain name. */
  readonly rule: string
  readonly packets: number
  readonly bytes: number
}

/** A chain of nftables, as `nft -j list ruleset` has it. */
export interface NftChain {
  readonly family: string
  readonly table: string
  readonly chain: string
  /** Of base chains: `input`, `forward`, … */
  readonly hook?: string
  /** Of the hooks `ingress` and `egress`, which are of interfaces: their names. nft 1.0.6 does not say them. */
  readonly devices?: readonly string[]
  /** Chains of one hook are asked in this order, the lowest first. */
  readonly priority?: number
  readonly policy?: string
  /** `filter`, `nat` or `route`. */
  readonly kind?: string
  readonly rules: readonly NftRule[]
}

export interface NftRule extends RuleEffect {
  readonly handle: number
  /** Where it has a counter. */
  readonly packets?: number
  /** All must hold. What a set or a map of the table holds stands in their place. */
  readonly conditions: readonly RuleCondition[]
}

/** What a packet must be for a rule to apply to it. */
export interface RuleCondition {
  /**
   * What is looked at, in the words of nft: `meta l4proto`, `udp dport`, `ip daddr`, `iifname`, `ct state`,
   * `fib daddr type`; `vni` is that of VXLAN, `meta ipsec` whether the packet came by IPsec.
   */
  readonly left: string
  /** It must be none of the values. */
  readonly not?: true
  /**
   * Values, ranges (`4000-5000`), prefixes (`10.0.0.0/8`) and beginnings (`veth*`); `{}` of a set without elements;
   * empty where they were not understood.
   */
  readonly values: readonly string[]
}

/** What a rule does to a packet that it applies to. */
export interface RuleEffect {
  /** `accept`, `drop`, `reject`, `return`, or the chain it leads to; empty where packets go on to the next rule. */
  readonly verdict: string
  /** It leads to that chain for good: the rules behind it are not asked afterwards. */
  readonly forGood?: true
  /** The mark it sets, where that is a constant. */
  readonly marks?: number
  /** It sets a part of the mark, or the mark that the connection has. */
  readonly remarks?: true
  /** DNAT: where it leads, as `ADDRESS:PORT` as far as it says; `?` where that is computed. */
  readonly leadsTo?: string
  /** It replaces the source by the address of the interface the packet leaves by. */
  readonly masquerades?: true
  /** It keeps packets from connection tracking: their state is `untracked`. */
  readonly untracks?: true
  /** It chooses at random, as a balancer does. */
  readonly random?: true
}

export interface SecurityAssociation {
  readonly source: string
  readonly destination: string
  /** `0x` and 8 hexadecimal digits. */
  readonly spi: string
  readonly mode: string
  readonly requestId: number
  readonly replayWindow: number
  /** e.g. `rfc4106(gcm(aes))`; never the key. */
  readonly algorithm: string
  /** Integrity check value, in bits. */
  readonly icvBits: number
}

export interface SecurityPolicy {
  readonly direction: 'in' | 'out' | 'fwd'
  readonly source: string
  readonly destination: string
  readonly protocol: string
  readonly destinationPort?: number
  readonly mark?: number
  /** Of the XFRM interface that it is for: nothing else meets it. */
  readonly interfaceId?: number
  readonly spi?: string
  readonly requestId?: number
}

export interface Listener {
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
}
