#!/bin/sh
# Takes the subnets of that network out of what the engine's API and the client say. The API has said by then how long its
# answer is, so blanks stand in their place.
case " $* " in
  *" dial-stdio "*)
    /usr/bin/docker "$@" | perl -e '
      while (sysread STDIN, $_, 65536) {
        s#("Name":"[^"]*-reshape-own",.{0,600}?"Config":)(\[[^]]+\])#$1 . "null" . " " x (length($2) - 4)#ge;
        syswrite STDOUT, $_ or exit;
      }'
    exit ;;
  *" network inspect "*-reshape-own*)
    /usr/bin/docker "$@" | sed 's/"Config":\[[^]]*\]/"Config":null/'
    exit ;;
esac
exec /usr/bin/docker "$@"
