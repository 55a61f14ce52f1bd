#!/bin/sh
umask 077
mode=$1 folder=$2 unit=$3 systemd=$4 label=$5 prefix=$6 tick=$7 silence=$8 lapse=$9
shift 9
undo() {
  [ "$1" -ne 0 ] || return 0
  trap '' INT TERM HUP
  retire "$unit" "$systemd" "$folder/pid" "$folder"
  rm -rf "$folder"
  rmdir "${folder%/*}" 2>/dev/null
}
if [ "$mode" = first ]; then
  if [ -e "$folder" ]; then echo "$folder is there already" >&2; exit 1; fi
  trap 'undo $?' EXIT
  trap 'exit 1' INT TERM HUP
fi
tries=0
# Another run that ends may take the parent away in between.
until mkdir -p "${folder%/*}" && { [ -d "$folder" ] || mkdir "$folder"; }; do
  tries=$((tries + 1))
  [ "$tries" -lt 3 ] || exit 1
done
rm -f "$folder/line" "$folder/pid" "$folder/watch"
cat >"$folder/program" && mkfifo "$folder/line" && echo 0 >"$folder/beat" && echo "$prefix" >"$folder/prefix" || exit 1
[ $# -eq 0 ] || printf '%s\n' "$@" >>"$folder/made"
: >"$folder/watch" || exit 1
detach "$unit" "$systemd" "$folder/pid" \
  sh "$folder/program" watch "$folder" "$label" "$prefix" "$tick" "$silence" "$lapse" || exit 1
