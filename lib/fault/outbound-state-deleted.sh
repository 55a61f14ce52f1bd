#!/bin/sh
# The state has a key. It stays on the host, in a file only root can read, until it is put back.
: "${folder?}" "${from?}" "${to?}" "${mark?}"
umask 077
mkdir -p "$folder"
ip -o xfrm state list src "$from" dst "$to" reqid "$mark" | head -n 1 >"$folder/state"
spi=$(sed -nE 's/.*spi (0x[0-9a-f]+).*/\1/p' "$folder/state")
ip xfrm state delete src "$from" dst "$to" proto esp spi "$spi"
