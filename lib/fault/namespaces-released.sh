#!/bin/sh
# Unmounts what namespace-kept.sh kept, as often as it was mounted.
: "${kept?}"
while read -r file; do
  while umount "/run/docker/netns/$file" 2>/dev/null; do :; done
  rm -f "/run/docker/netns/$file"
done <"$kept"
rm -f "$kept"
