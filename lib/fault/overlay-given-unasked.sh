#!/bin/sh
: "${network?}" "${node?}"
case " $* " in
  *" service create "*-reshape-door*)
    shift 2
    exec /usr/bin/docker service create --no-resolve-image --network "$network" --constraint "node.id==$node" "$@" ;;
esac
exec /usr/bin/docker "$@"
