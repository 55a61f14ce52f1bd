#!/bin/sh
# Argument: the root of a container host.
set -e
here=$(dirname "$0")
rm -f "$1/etc/machine-id" "$1/var/lib/dbus/machine-id" "$1/var/lib/docker/engine-id" "$1/etc/hostname"
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*
[ -x "$1/sbin/reboot" ] || ln -s /bin/busybox "$1/sbin/reboot"
sh "$here/probe-image" "$1"
