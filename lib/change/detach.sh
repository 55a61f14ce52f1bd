#!/bin/sh
detach() {
  unit=$1 systemd=$2 pidfile=$3
  shift 3
  if [ -d "$systemd" ] && command -v systemd-run >/dev/null; then
    if systemd-run --quiet --collect --unit="$unit" --setenv=PATH="$PATH" --setenv=HOME="${HOME-/root}" \
      --setenv=DOCKER_HOST="${DOCKER_HOST-}" --setenv=DOCKER_CONTEXT="${DOCKER_CONTEXT-}" \
      "$@" >/dev/null 2>&1 </dev/null && is_up "$pidfile"; then return 0; fi
    systemctl stop "$unit" >/dev/null 2>&1
    rm -f "$pidfile"
  fi
  command -v setsid >/dev/null || { echo 'no setsid (package util-linux)' >&2; return 1; }
  setsid "$@" >/dev/null 2>&1 </dev/null &
  is_up "$pidfile" || { echo 'a process in the background did not come up' >&2; return 1; }
}
is_up() {
  waited=0
  until [ -s "$1" ]; do
    waited=$((waited + 1))
    [ "$waited" -lt 50 ] || return 1
    sleep 0.2
  done
}
retire() {
  pid=$(cat "$3" 2>/dev/null)
  waited=0
  while [ -n "$pid" ] && [ "$waited" -lt 50 ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -e "$4"; do
    kill -KILL "-$pid" 2>/dev/null
    waited=$((waited + 1))
    sleep 0.1
  done
  [ ! -d "$2" ] || systemctl stop "$1" >/dev/null 2>&1
  true
}
