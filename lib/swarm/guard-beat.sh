#!/bin/sh
# Arguments: FOLDER BOOT-ID NUMBER
boot=$(boot_id)
[ "$boot" = "$2" ] || exit 45
[ -e "$1/watch" ] || exit 44
echo "$3" 1<>"$1/beat"
