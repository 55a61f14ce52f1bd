#!/bin/sh
case " $* " in
  *" network create "*" --ingress "*) exit 0 ;;
esac
exec /usr/bin/docker "$@"
