#!/bin/sh
: "${mark?}" "${count_drops?}" "${mode?}" "${instance?}" "${owned?}"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C
root=$(sed -n '/^[^ ]* [^ ]* tracefs /{s/^[^ ]* \([^ ]*\) .*/\1/p;q;}' /proc/mounts)
export PATH LC_ALL mark count_drops mode instance owned root
if [ -n "$root" ]; then exec sh -c "$count_drops"; fi
if [ "$owned" = yes ] && [ -d /sys/kernel/tracing ]; then
  root=/sys/kernel/tracing
  # In a mount namespace that ends with this process nobody else sees it. The instance outlives it.
  # shellcheck disable=SC2016 # expanded by the shell that unshare starts
  exec unshare -m sh -c 'mount --make-rprivate / && mount -t tracefs tracefs "$root" && exec sh -c "$count_drops"'
fi
printf '%s missing tracefs\n%s end\n' "$mark" "$mark"
