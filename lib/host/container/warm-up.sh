#!/bin/sh
: "${image?}" "${image_file?}" "${kernel_file?}" "${trial?}"
log() { tail -n 25 /var/log/dockerd.log; }
looks=0
until docker info >/dev/null 2>&1; do
  pgrep -x dockerd >/dev/null || { echo 'the engine ended'; log; exit 3; }
  looks=$((looks + 1))
  [ "$looks" -lt 400 ] || { echo 'the engine does not answer'; log; exit 4; }
  sleep 0.25
done
docker image inspect "$image" >/dev/null 2>&1 || docker load --quiet --input "$image_file" >/dev/null || exit 5
docker run --rm --pull never --network none "$image" true || { log; exit 6; }
unshare -n sh -c "$trial" >"$kernel_file"
cat "$kernel_file"
