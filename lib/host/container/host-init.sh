#!/bin/sh
# Arguments: its address, where its resolver asks; then what impairs underlays, a program of sh and its arguments, if any is.
: "${is_up?}" "${forward_names?}"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
if [ -e /proc/sysrq-trigger ]; then
  mount --bind /dev/null /proc/sysrq-trigger || { echo "/proc/sysrq-trigger cannot be covered"; exit 7; }
fi
for point in /proc/sys /sys $(sed -n -E 's#^([^ ]+ ){4}(/sys/fs/cgroup[^ ]*) .*#\2#p' /proc/self/mountinfo); do
  mount -o remount,bind,rw "$point" 2>/dev/null || [ -w "$point" ] || echo "$point cannot be written to"
done
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  while read -r pid; do echo "$pid" >/sys/fs/cgroup/init/cgroup.procs; done </sys/fs/cgroup/cgroup.procs 2>/dev/null
  sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi
address=$1
echo "nameserver $address" >/etc/resolv.conf
mkdir -p /var/log /etc/swarmproof
if [ $# -gt 1 ]; then
  impair=$2
  shift 2
  sh -c "$impair" swarmproof-impair "$@" || exit 9
fi
dockerd --host unix:///var/run/docker.sock >>/var/log/dockerd.log 2>&1 </dev/null &
# The engine outside answers its containers at 127.0.0.11.
while :; do perl -e "$forward_names" "$address" 127.0.0.11; sleep 1; done >>/var/log/names.log 2>&1 </dev/null &
echo "$is_up"
while :; do sleep 3600 & wait $!; done
