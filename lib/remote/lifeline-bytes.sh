#!/bin/sh
# Argument: the command. Descriptor 3 is the channel, 6 what the command will read: so many bytes.
: "${bytes?}"
exec 3<&0
# shellcheck disable=SC2094 # written before it is read
t=$(mktemp) && exec 4>"$t" 5<"$t" 6<"$t" && rm "$t" || exit 125
head -c "$bytes" <&3 >&4
exec 4>&-
[ "$(wc -c <&5)" -eq "$bytes" ] || { echo "swarmproof: input cut short" >&2; exit 125; }
exec 5<&-
{
  exec 6<&-
  while read -r _ <&3; do :; done
  end
} >/dev/null 2>&1 &
exec /bin/sh -c "$1" <&6 3<&- 6<&-
