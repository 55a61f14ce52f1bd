#!/bin/sh
: "${alpine?}" "${debian?}"
# shellcheck disable=SC2086 # names of packages
if command -v apk >/dev/null; then
  apk add --no-cache $alpine
elif command -v apt-get >/dev/null; then
  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $debian
else
  echo 'it has neither apk nor apt-get' >&2
  exit 1
fi
