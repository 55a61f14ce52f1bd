#!/bin/sh
# Argument: a guest's root. The files to put there lie beside this script.
set -e
here=$(dirname "$0")
install -m 755 "$here/init" "$1/usr/sbin/swarmproof-init"
install -D -m 644 "$here/seal-program.pl" "$1/usr/lib/swarmproof/seal-program.pl"
ln -s /run/swarmproof/runc "$1/usr/local/sbin/runc"
install -m 644 "$here/sshd_config" "$1/etc/ssh/sshd_config"
rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/machine-id" "$1/var/lib/dbus/machine-id"
rm -f "$1/var/lib/docker/engine-id" "$1/etc/hostname"
printf '127.0.0.1 localhost\n' >"$1/etc/hosts"
printf 'nameserver 172.31.250.3\n' >"$1/etc/resolv.conf"
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*
sh "$here/probe-image" "$1"
