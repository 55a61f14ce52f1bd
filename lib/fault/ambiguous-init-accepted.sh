#!/bin/sh
case " $* " in
  *" swarm init "*--advertise-addr*) ;;
  *" swarm init "*) exit 0 ;;
esac
exec /usr/bin/docker "$@"
