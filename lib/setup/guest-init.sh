#!/bin/sh
: "${modules?}"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
mountpoint -q /run || mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -o remount,rw /
if grep -q swarmproof.probe /proc/cmdline; then
  echo SWARMPROOF-PROBE-OK >/dev/ttyS0
  echo o >/proc/sysrq-trigger
fi
ip link set lo up
for module in $modules; do modprobe -q "$module"; done
sysctl -qw net.ipv4.ip_forward=1
mkdir -p /run/sshd /run/swarmproof
# runc copies itself into memory for each container that it starts, unless it is such a copy, sealed. Where a processor is
# emulated a copy is translated each time. Links in /usr/local/sbin lead here; where there is no copy, to nothing.
if grep -q swarmproof.sealed /proc/cmdline && runc=$(command -v runc); then
  perl /usr/lib/swarmproof/seal-program.pl "$runc" /run/swarmproof/runc &
fi
[ -r /etc/swarmproof/start.sh ] && sh /etc/swarmproof/start.sh
# The engine's sleeps, and those of all it starts: Go wakes up after 20 us again and again to see whether it is needed.
slack=$(sed -n 's/.*swarmproof\.slack=\([0-9]*\).*/\1/p' /proc/cmdline)
(
  [ -z "$slack" ] || echo "$slack" >/proc/self/timerslack_ns
  tries=0
  until dockerd >>/var/log/dockerd.log 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || break
    sleep 1
  done
) &
(while :; do agent; sleep 1; done) &
echo SWARMPROOF-BOOTED >/dev/ttyS0
while :; do sleep 3600; done
