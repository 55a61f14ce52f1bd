#!/bin/sh
: "${mark?}" "${seconds?}"
# Arguments: ports of UDP. The table of connection tracking is read twice where the kernel shows it; nothing is loaded for
# that. Of each entry that no answer was seen of, and that leads to whom was asked: seconds left, both ends as they were
# sent, and who would answer. Counters may stand between (net.netfilter.nf_conntrack_acct).
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
table=/proc/net/nf_conntrack
section() { printf '%s %s\n' "$mark" "$*"; }

look() {
  section "$1"
  awk -v ports=" $wanted " '$3 == "udp" && /\[UNREPLIED\]/ {
    delete count; delete value
    for (i = 6; i <= NF; i++) if (split($i, part, "=") == 2) value[part[1], ++count[part[1]]] = part[2]
    if (value["dst", 1] == value["src", 2] && index(ports, " " value["dport", 1] " "))
      print $5, value["src", 1], value["sport", 1], value["dst", 1], value["dport", 1], value["src", 2]
  }' "$table" | sort -u -k 2 | head -n 500
}

wanted=$*
for tool in awk sort; do
  command -v "$tool" >/dev/null 2>&1 || { section lacks "$tool"; section end; exit 0; }
done
if [ ! -r "$table" ]; then section untold; section end; exit 0; fi
look first
sleep "$seconds"
look second
section end
