#!/bin/sh
case " $* " in
  *" network inspect "*-reshape-own*)
    /usr/bin/docker "$@" | sed 's/"Config":\[[^]]*\]/"Config":null/'
    exit ;;
esac
exec /usr/bin/docker "$@"
