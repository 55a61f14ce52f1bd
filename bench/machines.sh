#!/bin/sh
# What a lab asks of a machine, one part for each call: `part` is one of the names below.
: "${part?}" "${image?}"
ended() { while [ -n "$(docker ps --quiet)" ]; do sleep 1; done; }
case $part in
  swarm)
    ip addr add 10.77.0.1/24 dev eth1 && ip link set eth1 up &&
      docker swarm init --advertise-addr 10.77.0.1 &&
      docker network create --driver overlay bench
    ;;
  idle) sleep 20 ;;
  create)
    docker service create --quiet --name bench --replicas 4 --network bench --publish 8080:80 \
      --stop-grace-period 1s --no-resolve-image "$image" sleep 3600
    ;;
  replace) docker service update --quiet --force bench ;;
  remove) docker service rm bench && ended ;;
  run) for _ in 1 2 3 4; do docker run --rm --pull never "$image" true || exit; done ;;
  *) exit 64 ;;
esac
