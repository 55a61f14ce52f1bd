#!/bin/sh
# Arguments: the tools that `inside` is made of.
: "${mark?}" "${path?}" "${inside?}"
for tool in nsenter "$@"; do
  command -v "$tool" >/dev/null 2>&1 || { echo "$mark missing $tool"; echo "$mark end"; exit 0; }
done
[ -e "$path" ] || { echo "$mark none"; echo "$mark end"; exit 0; }
nsenter --net="$path" sh -c "$inside" sh "$mark" && echo "$mark end"
