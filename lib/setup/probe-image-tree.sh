#!/bin/sh
# Argument: the root of the guest.
: "${file?}"
set -e
tree=$(mktemp -d)
for folder in bin www tmp etc proc sys dev root; do mkdir -p "$tree/$folder"; done
chmod 755 "$tree" "$tree"/*
chmod 1777 "$tree/tmp"
cp "$1/bin/busybox" "$tree/bin/busybox"
for applet in $(chroot "$1" /bin/busybox --list); do
  [ -e "$tree/bin/$applet" ] || ln -s busybox "$tree/bin/$applet"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
echo 'root:x:0:' >"$tree/etc/group"
chmod 644 "$tree"/etc/*
chmod 755 "$tree/bin/busybox"
# shellcheck disable=SC2034 # for pack-probe-image.sh
machine=$(chroot "$1" dpkg --print-architecture | sed -e 's/^i386$/386/' -e 's/^armhf$/arm/' -e 's/^ppc64el$/ppc64le/')
mkdir -p "$1/usr/lib/swarmproof"
# shellcheck disable=SC2034 # for pack-probe-image.sh
archive=$1$file
