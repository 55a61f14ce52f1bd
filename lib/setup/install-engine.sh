#!/bin/sh
# Argument: a guest's root. Installs the engine that lies beside this script in `engine`: packages with what they need from
# the guest's archive, or programs.
: "${kind?}"
set -e
here=$(dirname "$0")
if [ "$kind" = programs ]; then
  install -m 755 "$here"/engine/* "$1/usr/bin/"
else
  mkdir "$1/engine"
  cp "$here"/engine/*.deb "$1/engine/"
  # shellcheck disable=SC2016 # the shell in the guest expands it
  chroot "$1" env DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -c \
    'exec apt-get install -y --no-install-recommends /engine/*.deb'
  rm -r "$1/engine"
fi
chroot "$1" dockerd --version
