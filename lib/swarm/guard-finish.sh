#!/bin/sh
# Arguments: FOLDER UNIT SYSTEMD-FOLDER
retire "$2" "$3" "$1/pid" "$1"
rm -rf "$1" || exit 1
rmdir "${1%/*}" 2>/dev/null
true
