#!/bin/sh
case " $* " in
  *" info "*SubnetSize*)
    /usr/bin/docker "$@" | sed 's#/[0-9]*$#/20#'
    exit ;;
esac
exec /usr/bin/docker "$@"
