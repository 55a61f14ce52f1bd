#!/bin/sh
# Arguments: ROOT CHANGES SECONDS PLACE... Reads what own-swarm.sh needs, and what it finds.
# shellcheck disable=SC2034,SC2154 # made: for of and is_ours; said: by is_ours
root=$1 changes=$2 seconds=$3
shift 3
watched() {
  [ -e "$1/watch" ] && pid=$(cat "$1/pid" 2>/dev/null) && [ -n "$pid" ] &&
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -e "$1"
}
# Its guard has not written its process id yet, for which it has 20 s: by systemd, then by setsid. Where the clock was
# set back, what was made in the future counts for nothing.
starting() {
  [ ! -s "$1/pid" ] || return 1
  age=$(($(date +%s) - $(stat -c %Y "$1" 2>/dev/null || echo 0)))
  [ "$age" -ge 0 ] && [ "$age" -lt 60 ]
}
# A label is anybody's, an image may bring one, and may hold line breaks: each line is of the kind that was asked for.
as() { sed "s/^/$1 /"; }
is_own_folder() { [ -d "$1" ] && [ ! -h "$1" ] && [ -O "$1" ]; }
# Whose owner lives: what it wrote last is written over within a few seconds.
waiting=
for folder in "$root"/*; do
  [ -d "$folder" ] || continue
  run=${folder##*/}
  echo "guard $run $folder $folder"
  ! starting "$folder" || echo "alive $run"
  ! watched "$folder" || waiting="$waiting $run=$(cat "$folder/beat" 2>/dev/null)"
  made=$(cat "$folder/made" 2>/dev/null)
  if [ -n "$(of swarm)" ] && is_ours; then echo "swarm $run ${said%% *} ${said%% *}"; fi
  for image in $(of image); do
    ask image inspect --format '{{.Id}}' "$image" >/dev/null && echo "image $run $image $image"
  done
  nameless | sed "s/.*/image $run & &/"
done
waited=0
while [ -n "$waiting" ] && [ "$waited" -lt "$seconds" ]; do
  sleep 1
  waited=$((waited + 1))
  still=
  for one in $waiting; do
    if [ "$(cat "$root/${one%%=*}/beat" 2>/dev/null)" = "${one#*=}" ]; then still="$still $one"
    else ! watched "$root/${one%%=*}" || echo "alive ${one%%=*}"; fi
  done
  waiting=$still
done
for folder in "$changes"/swarmproof-change-*; do
  is_own_folder "$folder" || continue
  echo "change $(cat "$folder/run" 2>/dev/null) $folder ${folder##*/}"
done
traces | while read -r folder; do echo "trace ${folder##*/swarmproof-} $folder $folder"; done
for place; do
  for folder in "$place"/swarmproof-*; do
    case $folder in */swarmproof-change-*) continue ;; esac
    is_own_folder "$folder" || continue
    echo "folder ${folder##*/swarmproof-} $folder $folder"
  done
done
mode=$(ask info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}') || exit 1
case $mode in
  'active true')
    ids=$(ask service ls -q --filter label=swarmproof) || exit 1
    # shellcheck disable=SC2086 # ids, a line each
    [ -z "$ids" ] || ask service inspect --format '{{index .Spec.Labels "swarmproof"}} {{.ID}} {{.Spec.Name}}' $ids | as service
    ;;
  [a-z]*) ;;
  *) exit 1 ;;
esac
ids=$(ask network ls -q --filter label=swarmproof) || exit 1
# shellcheck disable=SC2086 # ids, a line each
[ -z "$ids" ] || ask network inspect --format '{{index .Labels "swarmproof"}} {{.Id}} {{.Name}}' $ids | as network
lines=$(ask ps -a --filter label=swarmproof --format '{{.Label "swarmproof"}} {{.ID}} {{.Names}} {{.Label "swarmproof.part"}}') || exit 1
[ -z "$lines" ] || printf '%s\n' "$lines" | sed 's/ *$//' | as container
