#!/bin/sh
# Arguments: FOLDER SYSTEMD-FOLDER
export change="$1"
mkdir "$1/undoing" 2>/dev/null || [ -d "$1" ] || exit 0
if [ ! -e "$1/begun" ] || sh "$1/undo"; then
  retire "swarmproof-change-$(cat "$1/token" 2>/dev/null)" "$2" "$1/pid" "$1"
  rm -rf "$1"
else
  rmdir "$1/undoing"
  exit 1
fi
