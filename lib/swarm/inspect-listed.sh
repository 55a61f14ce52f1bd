#!/bin/sh
# Prints what `inspected` says of all that `listed` lists: ids, a line each. Between the two anybody may remove one: what is
# no longer listed is left out. Ends the script where the engine does not list, or does not show what it goes on listing.
ids=$(listed) || exit
while [ -n "$ids" ]; do
  # shellcheck disable=SC2086 # ids, a line each
  if shown=$(inspected $ids); then
    printf '%s\n' "$shown"
    break
  fi
  now=$(listed) || exit
  ids=$(printf '%s\n' "$ids" | sort -u)
  left=$(printf '%s\n%s\n' "$ids" "$(printf '%s\n' "$now" | sort -u)" | sort | uniq -d)
  [ "$left" != "$ids" ] || exit 1
  ids=$left
done
