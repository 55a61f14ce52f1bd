#!/bin/sh
# Changes words on their way to docker. `change` is a case of the shell over one word, which it may set.
: "${change?}"
for word; do
  shift
  eval "case \$word in $change ;; esac"
  set -- "$@" "$word"
done
exec /usr/bin/docker "$@"
