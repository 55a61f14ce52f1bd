#!/bin/sh
: "${mark?}" "${only?}"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
echo "$mark routes"
if command -v ip >/dev/null 2>&1; then ip -4 route show table all; fi
echo "$mark kernel-routes"; cat /proc/net/route
echo "$mark addresses"; sed -n -e 's/^.*-- //p' /proc/net/fib_trie | sort -u
echo "$mark nameservers"; cat /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null
echo "$mark networks"
ids=$(docker network ls -q)
# shellcheck disable=SC2086 # ids, a line each
[ -z "$ids" ] || docker network inspect --format '{{.Scope}}{{range .IPAM.Config}} {{.Subnet}}{{end}}' $ids
pools() { docker info --format "{{json .DefaultAddressPools}}$1" 2>/dev/null; }
state='{{.Swarm.LocalNodeState}} {{with .Swarm.Cluster}}{"DefaultAddrPool":{{json .DefaultAddrPool}}}{{end}}'
# A client takes a small host most of a second: one call tells both, where it knows of both.
both=$(pools "{{println}}$state")
case $both in
  *"
"*)
    pools=${both%%"
"*}
    swarm=${both#*"
"}
    ;;
  *) pools=$(pools '') swarm=$(docker info --format "$state" 2>/dev/null) ;;
esac
printf '%s\n' "$mark local-pools" "$pools" "$mark swarm" "$swarm"
if [ "$only" != subnets ]; then
  echo "$mark services"
  case $swarm in
    # Of a worker, or of what is in no swarm; where the state is unknown it is asked for all the same.
    'active ' | inactive* | pending* | error* | locked*) ;;
    *)
      ids=$(docker service ls -q 2>/dev/null)
      # shellcheck disable=SC2086 # ids, a line each
      [ -z "$ids" ] || docker service inspect --format '{{range .Endpoint.Ports}}{{.PublishedPort}} {{end}}' $ids
      ;;
  esac
  echo "$mark sockets"
  for table in tcp tcp6; do sed -n -E 's/^ *[0-9]+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F:]+ 0A .*/\1/p' /proc/net/$table; done 2>/dev/null
  for table in udp udp6; do sed -n -E 's/^ *[0-9]+: [0-9A-F]+:([0-9A-F]{4}) .*/\1/p' /proc/net/$table; done 2>/dev/null
  echo "$mark containers"; docker ps --format '{{.Ports}}' 2>/dev/null
  echo "$mark nat"; iptables-save -t nat 2>/dev/null | sed -n -E 's/.*--dports? ([0-9,:]+).*/\1/p'
  echo "$mark ephemeral"; cat /proc/sys/net/ipv4/ip_local_port_range
fi
echo "$mark end"
