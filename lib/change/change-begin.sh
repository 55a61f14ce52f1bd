#!/bin/sh
# Arguments: FOLDER TOKEN UNIT SYSTEMD-FOLDER RUN SECONDS SWITCH UNDO DO
umask 077
export change="$1"
folder=$1 token=$2 unit=$3 systemd=$4 run=$5 seconds=$6 switch=$7 undo=$8 do=$9
mkdir "$folder" 2>/dev/null || { [ -d "$folder" ] && exit 46; mkdir "$folder" || exit 1; }
revert() {
  [ "$1" -ne 0 ] || return 0
  trap '' INT TERM HUP
  retire "$unit" "$systemd" "$folder/pid" "$folder"
  if [ ! -e "$folder/begun" ] || sh "$folder/undo"; then rm -rf "$folder"; fi
}
trap 'revert $?' EXIT
trap 'exit 1' INT TERM HUP
echo "$token" >"$folder/token" && echo "$run" >"$folder/run" && printf '%s\n' "$undo" >"$folder/undo" &&
  printf '%s\n' "$switch" >"$folder/switch" || exit 1
detach "$unit" "$systemd" "$folder/pid" sh "$folder/switch" "$folder" "$seconds" || exit 1
: >"$folder/begun" || exit 1
sh -ec "$do"
