#!/bin/sh
# Arguments: FOLDER SECONDS
export change="$1"
echo $$ >"$1/pid"
token=$(cat "$1/token")
sleep "$2"
[ "$(cat "$1/token" 2>/dev/null)" = "$token" ] && mkdir "$1/undoing" 2>/dev/null || exit 0
tries=0
until sh "$1/undo"; do
  tries=$((tries + 1))
  [ "$tries" -lt 20 ] || exit 1
  sleep 5
done
rm -rf "$1"
