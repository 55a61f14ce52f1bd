#!/bin/sh
# Run in a network namespace, in a container where nsenter is taken from one; `firewall` is empty without iptables-save,
# `native` where nftables has no tables of its own. `files` of /proc are read as they are, and `more_files` in the
# host's own namespace, but for lines of each processor and interrupt.
: "${mark?}" "${firewall?}" "${files?}"
section() { printf '%s %s\n' "$mark" "$*"; }

tables=$(printf 'addr\nneigh\nroute\n' | ip -j -d -s -batch - 2>/dev/null)
[ -n "$tables" ] || section failed ip
section tables; printf '%s\n' "$tables"
case $tables in
  *\"info_kind\":\"vxlan\"* | *\"info_kind\":\"bridge\"*)
    section fdb; bridge -j fdb 2>/dev/null || section failed bridge; printf '\n' ;;
esac
if [ -r /proc/net/ip_vs ]; then
  section ipvs
  cat /proc/net/ip_vs
fi
# dash reads byte by byte, which this file ends after the first: what was read counts, not that reading failed.
forwards=; { read -r forwards </proc/sys/net/ipv4/ip_forward; } 2>/dev/null
if [ -n "$forwards" ]; then section forwards; printf '%s\n' "$forwards"; fi
section files
# shellcheck disable=SC2086 # words and patterns
grep -sHEv '^(cpu[0-9]|intr|softirq)' $files ${more_files:-}
section firewall
if [ -n "$firewall" ]; then iptables-save -c 2>/dev/null || section failed iptables-save; fi
if [ -n "${native:-}" ]; then section namespace-nft; nft -j list ruleset 2>/dev/null; printf '\n'; fi
true
