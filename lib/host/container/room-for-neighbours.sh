#!/bin/sh
# Raises the limits of the neighbour table, of which a kernel has one for all its namespaces, and ends with 10 where it did. In
# the first network namespace of the kernel; in others there is nothing of it.
: "${needed?}" "${limits?}" "${table?}"
[ -e "$table/gc_thresh3" ] || exit 0
had=$(cat "$table/gc_thresh3")
[ "$had" -lt "$needed" ] || exit 0
[ -w "$table/gc_thresh3" ] || mount -o remount,bind,rw /proc/sys || exit 11
at=3
for limit in $limits; do
  [ "$(cat "$table/gc_thresh$at")" -ge "$limit" ] || echo "$limit" >"$table/gc_thresh$at" || exit 11
  at=$((at - 1))
done
exit 10
