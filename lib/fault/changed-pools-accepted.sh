#!/bin/sh
case " $* " in
  *" swarm init "* | *" swarm update "*) exit 0 ;;
esac
exec /usr/bin/docker "$@"
