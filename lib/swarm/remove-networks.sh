#!/bin/sh
# Arguments: names of networks.
for network; do
  looks=0
  while docker network inspect "$network" >/dev/null 2>&1 && ! out=$(docker network rm "$network" 2>&1); do
    looks=$((looks + 1))
    [ "$looks" -lt 24 ] || { echo "$out" >&2; exit 1; }
    if [ "$looks" -lt 3 ]; then sleep 0.5; else sleep 2; fi
  done
done
