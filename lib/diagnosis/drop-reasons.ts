import type { Drop } from '../observe/drops.ts'

/** What a kernel's reason for dropping a packet tells an engineer. */
export interface DropMeaning {
  /** What drops, behind "dropped by": `a rule of netfilter`. */
  readonly by: string
  /** What to type on the node. `INTERFACE` stands for that of the underlay. */
  readonly look: string
}

/** Where the reason alone does not tell it stands with the function: every echo that a raw socket also hears is NO_SOCKET. */
const meanings: Readonly<Record<string, DropMeaning>> = {
  NETFILTER_DROP: {
    by: 'a rule of netfilter, in whichever table',
    look: '`iptables-save -c | grep -E "DROP|REJECT"` with all tables, `iptables-legacy-save -c`, `nft list ruleset`',
  },
  XFRM_POLICY: {
    by: 'an IPsec policy that refuses them or wants them encrypted',
    look: '`ip xfrm policy`; the engine makes none of direction `in`',
  },
  'NOT_SPECIFIED xfrm_input': {
    by: 'IPsec, which has no state for them or another key',
    look: '`cat /proc/net/xfrm_stat` says which of its counters rose; `ip -s xfrm state`',
  },
  IP_RPFILTER: {
    by: 'the reverse path filter: the way back to their source is by another interface',
    look: '`ip route get PEER`, `sysctl -a | grep "\\.rp_filter"`',
  },
  TC_INGRESS: {
    by: 'a filter of traffic control on the interface they come by',
    look: '`tc -s filter show dev INTERFACE ingress`, and programs of BPF there: `bpftool net`',
  },
  TC_EGRESS: {
    by: 'a filter of traffic control on the interface they leave by',
    look: '`tc -s filter show dev INTERFACE egress`',
  },
  XDP: { by: 'a program of XDP', look: '`ip link show dev INTERFACE`, `bpftool net`' },
  BPF_CGROUP_EGRESS: { by: 'a BPF program of a cgroup', look: '`bpftool cgroup tree`' },
  SECURITY_HOOK: { by: 'a security module', look: '`ausearch -m avc`, `dmesg | grep -i denied`' },
  UDP_CSUM: {
    by: 'their UDP checksum, which is wrong',
    look: '`ethtool -K INTERFACE rx off tx-checksum-ip-generic off` on both nodes, to see whether it is the offload of the card',
  },
  IP_CSUM: { by: 'their IP checksum, which is wrong', look: '`ethtool -S INTERFACE | grep -i err`' },
  SKB_CSUM: { by: 'a checksum that is wrong', look: '`ethtool -k INTERFACE | grep checksum`' },
  'NO_SOCKET __udp4_lib_rcv': {
    by: 'want of a socket: nothing listens on their port',
    look: '`ss -uln`; the VXLAN socket is there while a network has a task on the node; and `conntrack -L -p udp --orig-port-dst 4789`: what a rule DNAT or REDIRECT translated once stays translated after the rule is gone, `conntrack -D` with the same ends it',
  },
  SOCKET_RCVBUFF: {
    by: 'a receive buffer that is full: its program does not read fast enough',
    look: '`ss -uamn` (`d` counts drops), `sysctl net.core.rmem_max`, and whether the host is starved',
  },
  PROTO_MEM: { by: 'want of memory for sockets', look: '`sysctl net.ipv4.udp_mem net.ipv4.tcp_mem`' },
  CPU_BACKLOG: {
    by: 'a processor’s backlog that is full',
    look: '`cat /proc/net/softnet_stat` (second column), `sysctl net.core.netdev_max_backlog`',
  },
  NEIGH_FAILED: {
    by: 'a neighbour that does not answer for its address',
    look: '`ip neigh` there and in the namespaces below /run/docker/netns',
  },
  NEIGH_QUEUEFULL: { by: 'a neighbour that is not resolved', look: '`ip neigh`, `ip -s ntable show`' },
  NEIGH_CREATEFAIL: { by: 'a neighbour table that is full', look: '`sysctl net.ipv4.neigh.default`' },
  VXLAN_VNI_NOT_FOUND: {
    by: 'VXLAN, which has no device for their VNI',
    look: '`nsenter --net=/run/docker/netns/1-NETWORK ip -d link show type vxlan`',
  },
  VXLAN_INVALID_HDR: {
    by: 'VXLAN, whose header they do not have',
    look: '`tcpdump -ni INTERFACE -XX udp port 4789`',
  },
  VXLAN_ENTRY_EXISTS: {
    by: 'VXLAN, which knows their inner source at another node: their outer source is not the address its forwarding table has',
    look: '`nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show dev vxlan0`; on the sender `ip route get` of this node',
  },
  IP_OUTNOROUTES: { by: 'want of a route', look: '`ip route get ADDRESS`, `ip rule`' },
  IP_INNOROUTES: { by: 'want of a route', look: '`ip route get ADDRESS`, `ip rule`' },
  PKT_TOO_BIG: { by: 'their size', look: '`ip link` for the MTU of each interface on the way' },
  FRAG_REASM_TIMEOUT: {
    by: 'a fragment that never came',
    look: '`nstat -az | grep Reasm`; the MTU of the way',
  },
  QDISC_DROP: { by: 'the queue of an interface', look: '`tc -s qdisc show`' },
}

/** Undefined for reasons that say nothing about traffic of swarm, such as sockets that were closed. */
export function meaningOf({ reason, location }: Pick<Drop, 'reason' | 'location'>): DropMeaning | undefined {
  return meanings[reason] ?? meanings[`${reason} ${location}`]
}
