#!/bin/sh
: "${label?}" "${image?}" "${tool?}"
exec docker run --rm -i --pull never --privileged --network host --pid host -v /run:/run -v /tmp:/tmp \
  --label "$label" -e LC_ALL --entrypoint nsenter "$image" \
  --net=/proc/$$/ns/net -- "$tool" "$@"
