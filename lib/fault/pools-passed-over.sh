#!/bin/sh
case " $* " in
  *" network create "*" --subnet "*) ;;
  *" network create "*)
    count=$(cat /run/swarmproof-fault-net 2>/dev/null || echo 0)
    echo $((count + 1)) >/run/swarmproof-fault-net
    shift 2
    exec /usr/bin/docker network create --subnet "10.223.$count.0/26" "$@" ;;
esac
exec /usr/bin/docker "$@"
