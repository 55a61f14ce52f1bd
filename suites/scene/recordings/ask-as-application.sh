#!/bin/sh
: "${mark?}" "${pid?}" "${limit?}" "${patience?}"
# Arguments: names. A program in a task reads the resolv.conf of the task: here it lies over that of the host, in a mount
# namespace of this script's own, which ends with it. What is mounted is private first: unshare of util-linux before 2.27
# leaves it shared with the host.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C
export PATH LC_ALL
own=/proc/$pid/root/etc/resolv.conf

section() { printf '%s %s\n' "$mark" "$*"; }
lines() { head -c 4096 "$1" 2>/dev/null | grep -E '^[[:space:]]*(nameserver|search|domain|options)[[:space:]]' | head -n 20; }

for tool in nsenter unshare getent timeout; do
  command -v "$tool" >/dev/null 2>&1 || { section lacks "$tool"; section end; exit 0; }
done
# Of the task as it reads: a file of another mount namespace cannot lie over one of this.
text=$(head -c 4096 "$own")
section task; lines "$own"
section host; lines /etc/resolv.conf
section resolved; lines /run/systemd/resolve/resolv.conf
newline='
'
for name; do
  # Entering takes its time, too, which is none of the look-up’s. What makes programs wait makes them wait each time, and a
  # busy host does it once: where one waits it looks again, and that counts.
  # shellcheck disable=SC2016 # its arguments, not ours
  looked=$(nsenter --net="/proc/$pid/ns/net" unshare --mount sh -c '
    mount --make-rprivate / && mount -t tmpfs -o size=64k tmpfs /tmp && printf "%s\n" "$1" >/tmp/resolv.conf &&
      mount --bind /tmp/resolv.conf /etc/resolv.conf || exit 99
    for turn in 1 2; do
      read -r from _ </proc/uptime
      found=$(timeout "$2" getent -s dns ahosts "$4")
      code=$?
      read -r until _ </proc/uptime
      [ $((${until%.*} - ${from%.*})) -ge "$3" ] || break
    done
    printf "%s %s\n%s\n" "$from" "$until" "$found"
    exit "$code"' sh "$text" "$limit" "$patience" "$name" 2>/dev/null)
  code=$?
  times=${looked%%"$newline"*}
  # shellcheck disable=SC2086 # words
  section name "$name" "$code" $times
  printf '%s\n' "${looked#"$times"}" | awk 'NF { print $1 }' | sort -u | head -n 20
done
section end
