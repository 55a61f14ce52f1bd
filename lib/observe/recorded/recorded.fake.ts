import { readFileSync } from 'node:fs'

/**
 * What hosts of an engine said, word for word:
 *
 * - `engine-29.7-iptables` and `engine-29.7-nftables`: engine 29.7.9 (a development build) on Debian 13, a swarm with
 *   an encrypted overlay of VNI 4097 or 4102 and a service that publishes 8080 by the mesh.
 * - `nft-1.0.6`: what `nft -j list ruleset` prints of rules in the ways that engines and operators write them.
 * - `nft-in-iptables-tables`: nftables 1.0.6 and iptables 1.8.9 of one namespace where nft added chains to the table
 *   `filter` of iptables-nft and made a table `nat`.
 * - `nft-of-both-families`: what `nft -j list ruleset` (1.0.6) prints of a table of IPv4 and IPv6.
 * - `nft-below`: what it prints (1.0.6) of chains that are asked below an interface: at devices, and of the family bridge.
 * - `nft-balancer`: what it prints (1.0.6) of the maps and rules that moby/moby#53125 makes, with one virtual IP, two tasks
 *   and no published port.
 * - `firewall-of-an-operator`: what both print of rules for senders that are no nodes, for one subnet, and for IPv6.
 * - `firewall-like-ufw`: iptables 1.8.9 of rules in the manner of ufw, with a policy that drops.
 * - `conditions-of-a-node`: a node of a lab with a routing rule, netem on its underlay interface and strict rp_filter
 *   there: iproute2 6.15 and files of /proc of kernel 6.12.
 * - `routes-of-a-node`: a namespace with routing rules of every form, routes that refuse, and one over two next hops:
 *   iproute2 6.1 on kernel 6.18.
 * - `routes-by-source`: a namespace with two uplinks, rules for two of its addresses and a table of routes for each, one of
 *   which has a route to a bridge named docker_gwbridge: iproute2 6.1 on kernel 6.18, as `observe.sh` asks.
 * - `routes-of-tunnels`: the rules and the table of wg-quick for all addresses, of Tailscale with routes accepted, and of
 *   a script that routes by interface and refuses: iproute2 6.1 on kernel 6.18, as `observe.sh` asks.
 * - `netlink-6.18`: a namespace as `furnished-namespace.fake.sh` makes it, listed by `read-namespaces.pl` on kernel 6.18,
 *   and by iproute2 6.1 at the same time.
 * - `drops-6.12`: what a kernel 6.12 counted by `skb:kfree_skb` while each of these kept the packets of another node
 *   away, without addresses, and its names of reasons.
 */
export function recorded(engine: string, file: string): string {
  return readFileSync(new URL(`${engine}/${file}`, import.meta.url), 'utf8')
}
