#!/bin/sh
case " $* " in
  *" service create "*-ing11-door*) exit 0 ;;
esac
exec /usr/bin/docker "$@"
