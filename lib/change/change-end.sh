#!/bin/sh
# Arguments: FOLDER TOKEN UNIT SYSTEMD-FOLDER
export change="$1"
[ "$(cat "$1/token" 2>/dev/null)" = "$2" ] || exit 46
mkdir "$1/undoing" 2>/dev/null || exit 46
if ! sh "$1/undo"; then rmdir "$1/undoing"; exit 1; fi
retire "$3" "$4" "$1/pid" "$1"
rm -rf "$1"
