#!/bin/sh
# Furnishes the network namespace it is run in with one of everything that a kernel lists of devices. Arguments: the names
# of another namespace and of this one, for a device that comes from there.
set -e
ip link set lo up
ip link add br0 type bridge
ip link add veth0 type veth peer name veth1
ip link add vxlan0 type vxlan id 4098 dstport 4789 proxy l2miss l3miss
ip link add vxlan1 type vxlan id 4099 dstport 4790 remote 192.0.2.1
ip link add vxlan6 type vxlan id 4100 dstport 4791 local 2001:db8::1 remote 2001:db8::2
ip link add external0 type vxlan external dstport 4792
ip link add gbp0 type vxlan id 4101 dstport 4793 gbp udp6zerocsumrx
ip link add eth1 type veth peer name eth2
ip link set vxlan0 master br0
ip link set veth0 master br0
ip link set br0 mtu 1424
for device in br0 veth0 veth1 vxlan0 eth1 eth2; do ip link set "$device" up; done
ip address add 10.91.2.254/24 dev br0
ip address add 10.91.3.1/16 dev veth1
ip address add 192.168.56.11/24 dev eth1
ip address add 192.168.56.110/32 dev eth1
ip address add 198.51.100.1 peer 198.51.100.2/32 dev eth1
ip address add 2001:db8:0:1::5/64 dev eth1 nodad
ip neigh add 10.91.2.4 lladdr 02:42:0a:5b:02:04 dev br0 nud permanent
ip neigh add 192.168.56.13 lladdr 52:54:00:00:02:03 dev eth1 nud stale
ip neigh add 192.168.56.99 dev eth1 nud failed
ip neigh add 192.168.56.98 lladdr 52:54:00:00:02:04 dev eth1 nud noarp
ip neigh add 2001:db8:0:1::6 lladdr 52:54:00:00:02:05 dev eth1 nud permanent
bridge fdb add 02:42:0a:5b:02:07 dev vxlan0 dst 192.168.56.13 self permanent
bridge fdb add 02:42:0a:5b:02:08 dev vxlan6 dst 2001:db8::9 self permanent
bridge fdb add 02:42:0a:5b:02:09 dev veth0 master static
ip route add default via 192.168.56.1 dev eth1
ip route add default via 192.168.56.2 dev eth1 metric 100
ip route add 10.20.0.0/16 nexthop via 192.168.56.1 dev eth1 nexthop via 10.91.2.7 dev br0 weight 3
ip route add 192.0.2.7 via 192.168.56.1 dev eth1
ip route add 203.0.113.0/24 via inet6 2001:db8:0:1::6 dev eth1
ip route add unreachable default metric 4278198272
ip route add blackhole 10.96.0.0/16 metric 20
ip route add prohibit 10.97.0.0/24
ip route add blackhole 192.168.56.13
ip route add throw 10.98.0.0/16
ip route add 10.99.0.0/16 via 192.168.56.1 table 7
if [ -n "${1:-}" ]; then
  # As engines do it: made elsewhere and moved, so that its socket stays there.
  ip -n "$1" link add vxlan9 type vxlan id 4109 dstport 4789 proxy l2miss l3miss
  ip -n "$1" link set vxlan9 netns "$2"
fi
