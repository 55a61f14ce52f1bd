#!/bin/sh
# Everything a run might leave, a line each. Ids of tasks and counters change by themselves and are not among it.
docker version >/dev/null || exit 3
docker service ls --format 'service {{.Name}}' 2>/dev/null
docker network ls --format 'network {{.Name}} {{.Driver}}'
docker ps --all --format 'container {{.Names}}'
docker image ls --all --format 'image {{.Repository}}:{{.Tag}} {{.ID}}'
docker volume ls --format 'volume {{.Name}}'
for folder in /run /tmp /var/tmp /var/lib/swarmproof; do for file in "$folder"/* "$folder"/.[!.]*; do [ -e "$file" ] && echo "file $file"; done; done
for file in /run/docker/netns/*; do [ -e "$file" ] && echo "namespace of network or task"; done
ip -o link show | sed -nE 's/^[0-9]+: ([^:@]+).*/\1/p' | grep -v ^veth | sed 's/^/link /'
ip xfrm state | grep -c ^src | sed 's/^/xfrm states /'; ip xfrm policy | grep -c ^src | sed 's/^/xfrm policies /'
iptables-save | grep ^-A | sed -E 's/ --to-destination .*//; s/^/rule /'
# shellcheck disable=SC2009 # whole lines are printed
ps -eo args= | grep -E 'swarmproof|tcpdump|perl|2147483647' | grep -vE 'grep|swarmproof-init' | sed 's/^/process /'
true
