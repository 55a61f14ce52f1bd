#!/bin/sh
: "${mark?}" "${seconds?}"
# Arguments: ports of UDP. The table of connection tracking is read twice where the kernel shows it; nothing is loaded for
# that. Of each entry that no answer was seen of: seconds left, both ends as they were sent, and who would answer.
table=/proc/net/nf_conntrack
section() { printf '%s %s\n' "$mark" "$*"; }

look() {
  section "$1"
  awk -v ports=" $wanted " '$3 == "udp" && /\[UNREPLIED\]/ {
    n = 0; delete value
    for (i = 6; i <= NF; i++) if (split($i, part, "=") == 2) { n++; value[n] = part[2]; name[n] = part[1] }
    if (name[1] == "src" && name[2] == "dst" && name[3] == "sport" && name[4] == "dport" && name[5] == "src" &&
        index(ports, " " value[4] " ")) print $5, value[1], value[3], value[2], value[4], value[5]
  }' "$table" 2>/dev/null | sort -u -k 2 | head -n 500
}

wanted=$*
if [ ! -r "$table" ]; then section untold; section end; exit 0; fi
look first
sleep "$seconds"
look second
section end
