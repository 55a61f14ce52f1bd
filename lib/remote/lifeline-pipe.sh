#!/bin/sh
# Argument: the command. Descriptor 3 is the channel, 6 what the command will read, 5 the writing end of a pipe to it.
: "${end_of_input_polls?}"
exec 3<&0
# shellcheck disable=SC2094 # both ends of a pipe
d=$(mktemp -d) && mkfifo "$d/in" && exec 4<>"$d/in" 5>"$d/in" 6<"$d/in" 4>&- && rm -r "$d" || exit 125
{
  exec 6<&-
  cat <&3 >&5
  exec 5>&-
  linger "$end_of_input_polls"
  end
} >/dev/null 2>&1 &
exec /bin/sh -c "$1" <&6 3<&- 5>&- 6<&-
