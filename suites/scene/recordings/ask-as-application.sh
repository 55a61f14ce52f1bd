#!/bin/sh
: "${mark?}" "${pid?}" "${limit?}"
# Arguments: names. A program in a task reads the resolv.conf of the task: here it lies over that of the host, in a mount
# namespace of this script's own, which ends with it.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
own=/proc/$pid/root/etc/resolv.conf

section() { printf '%s %s\n' "$mark" "$*"; }
lines() { head -c 4096 "$1" 2>/dev/null | grep -E '^[[:space:]]*(nameserver|search|domain|options)[[:space:]]' | head -n 20; }
now() { read -r seconds _ </proc/uptime; printf '%s' "$seconds"; }

for tool in nsenter unshare getent timeout; do
  command -v "$tool" >/dev/null 2>&1 || { section lacks "$tool"; section end; exit 0; }
done
# Of the task as it reads: a file of another mount namespace cannot lie over one of this.
text=$(head -c 4096 "$own")
section task; lines "$own"
section host; lines /etc/resolv.conf
section resolved; lines /run/systemd/resolve/resolv.conf
for name; do
  from=$(now)
  # shellcheck disable=SC2016 # its arguments, not ours
  found=$(nsenter --net="/proc/$pid/ns/net" unshare --mount sh -c '
    mount -t tmpfs -o size=64k tmpfs /tmp && printf "%s\n" "$1" >/tmp/resolv.conf &&
      mount --bind /tmp/resolv.conf /etc/resolv.conf || exit 99
    exec timeout "$2" getent -s dns ahosts "$3"' sh "$text" "$limit" "$name" 2>/dev/null)
  section name "$name" $? "$from" "$(now)"
  printf '%s\n' "$found" | awk '{ print $1 }' | sort -u | head -n 20
done
section end
