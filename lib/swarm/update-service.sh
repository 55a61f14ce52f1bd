#!/bin/sh
# Arguments: options and the service. The manager may be writing to the same service, and then refuses ("update out of
# sequence"): it is asked again.
tries=0
until out=$(docker service update --detach --quiet "$@" 2>&1); do
  tries=$((tries + 1))
  [ "$tries" -lt 6 ] || { echo "$out" >&2; exit 1; }
  sleep 1
done
