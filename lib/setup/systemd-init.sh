#!/bin/sh
mountpoint -q /proc || mount -t proc proc /proc
if grep -q swarmproof.probe /proc/cmdline; then
  echo SWARMPROOF-PROBE-OK >/dev/ttyS0
  echo o >/proc/sysrq-trigger
fi
grep -qE '^[0-9a-f]{32}$' /etc/machine-id 2>/dev/null || printf '%032d\n' 1 >/etc/machine-id
exec /lib/systemd/systemd
