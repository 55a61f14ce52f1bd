#!/bin/sh
# Takes what is more than two destinations out of a balancer. It ends itself after ten minutes, should nobody end it.
: "${namespace?}"
balancer() { nsenter --net="$namespace" ipvsadm "$@"; }
looks=0
while [ "$looks" -lt 3000 ]; do
  looks=$((looks + 1))
  # Lines like `-f 258 -r 10.91.1.5:0`, one a destination.
  balancer -S -n | sed -n 's/^-a \(-f [0-9]* -r [0-9.]*\).*/\1/p' | awk '++seen[$2] > 2' | while read -r entry; do
    # shellcheck disable=SC2086 # the words of an entry
    balancer -d $entry
  done
  sleep 0.2
done
