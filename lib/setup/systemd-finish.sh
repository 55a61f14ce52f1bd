#!/bin/sh
# Argument: a guest's root.
: "${login?}" "${modules?}"
set -e
here=$(dirname "$0")
sh "$here/finish-any" "$1"
install -m 755 "$here/agent" "$here/after-identity" "$1/usr/lib/swarmproof/"
install -m 644 "$here/swarmproof-agent.service" "$here/swarmproof-identity.service" "$1/etc/systemd/system/"
mkdir -p "$1/etc/systemd/logind.conf.d" "$1/etc/systemd/journald.conf.d" "$1/etc/systemd/system.conf.d"
printf '[Login]\nKillUserProcesses=yes\n' >"$1/etc/systemd/logind.conf.d/swarmproof.conf"
printf '[Journal]\nStorage=persistent\nSystemMaxUse=64M\n' >"$1/etc/systemd/journald.conf.d/swarmproof.conf"
printf '[Manager]\nDefaultTimeoutStartSec=300\n' >"$1/etc/systemd/system.conf.d/swarmproof.conf"
mkdir -p "$1/etc/modules-load.d" "$1/etc/sysctl.d" "$1/etc/systemd/system-generators"
for module in $modules; do echo "$module"; done >"$1/etc/modules-load.d/swarmproof.conf"
printf 'net.ipv4.ip_forward = 1\n' >"$1/etc/sysctl.d/swarmproof.conf"
chroot "$1" useradd --create-home --shell /bin/bash "$login"
printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$login" >"$1/etc/sudoers.d/$login"
chmod 440 "$1/etc/sudoers.d/$login"
for generator in "$1"/usr/lib/systemd/system-generators/*; do
  ln -s /dev/null "$1/etc/systemd/system-generators/$(basename "$generator")"
done
for unit in $(cd "$1/usr/lib/systemd/system" && ls -d ./*.timer) getty.target e2scrub_reap.service \
  systemd-pstore.service systemd-random-seed.service systemd-networkd.service systemd-networkd.socket; do
  ln -sf /dev/null "$1/etc/systemd/system/${unit#./}"
done
chroot "$1" systemctl disable ssh.service
chroot "$1" systemctl enable swarmproof-agent.service swarmproof-identity.service docker.service
