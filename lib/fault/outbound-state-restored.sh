#!/bin/sh
: "${folder?}" "${from?}" "${to?}" "${mark?}"
spi=$(sed -nE 's/.*spi (0x[0-9a-f]+).*/\1/p' "$folder/state")
key=$(sed -nE 's/.*aead \S+ (0x[0-9a-f]+) .*/\1/p' "$folder/state")
last=$(sed -nE 's/.*oseq (0x[0-9a-f]+).*/\1/p' "$folder/state")
ip xfrm state add src "$from" dst "$to" proto esp spi "$spi" reqid "$mark" mode transport \
  aead 'rfc4106(gcm(aes))' "$key" 64 replay-oseq "$last"
rm -r "$folder"
