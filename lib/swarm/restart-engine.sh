#!/bin/sh
if command -v systemctl >/dev/null && systemctl -q is-active docker 2>/dev/null; then
  systemctl restart docker
else
  old=$(pgrep -o -x dockerd) || { echo "no dockerd runs" >&2; exit 3; }
  tr '\0' '\n' <"/proc/$old/cmdline" >/run/swarmproof-dockerd
  slack=$(cat "/proc/$old/timerslack_ns" 2>/dev/null)
  kill -TERM "$old"
  tries=0
  while kill -0 "$old" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { kill -KILL "$old"; sleep 3; break; }
    sleep 0.2
  done
  # Whatever watches over it may have started it again.
  if ! pgrep -x dockerd >/dev/null; then
    rm -f /run/docker.pid /var/run/docker.pid
    set --
    while IFS= read -r word; do set -- "$@" "$word"; done </run/swarmproof-dockerd
    # shellcheck disable=SC2016 # for the shell that is started
    setsid sh -c '[ -z "$1" ] || echo "$1" >/proc/self/timerslack_ns; shift; n=0
      until "$@"; do n=$((n+1)); [ $n -lt 3 ] || exit 1; sleep 1; done' sh "$slack" "$@" \
      >>/var/log/dockerd.log 2>&1 </dev/null &
  fi
  rm -f /run/swarmproof-dockerd
fi
tries=0
until docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 240 ] || { echo "the engine does not answer" >&2; exit 4; }
  sleep 0.5
done
