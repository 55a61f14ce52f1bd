#!/bin/sh
# Arguments: names of services.
running() {
  for service; do docker ps -q --filter "label=com.docker.swarm.service.name=$service"; done
}
looks=0
while [ -n "$(running "$@")" ]; do
  looks=$((looks + 1))
  [ "$looks" -lt 36 ] || exit 1
  if [ "$looks" -lt 3 ]; then sleep 0.5; else sleep 2; fi
done
