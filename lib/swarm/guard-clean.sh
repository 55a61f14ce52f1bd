#!/bin/sh
# shellcheck disable=SC2034 # made: for of and nameless of own-swarm.sh
newline='
'
note() { left="$left$1$newline"; }

# remove KIND LINES COMMAND...: each line is an id and a name; all with one call, for which a small host takes a second.
remove() {
  kind=$1 lines=$2
  shift 2
  [ -n "$lines" ] || return 0
  for line in $lines; do
    note "$kind $line"
    set -- "$@" "${line%% *}"
  done
  ask "$@" >/dev/null || stuck=yes
}

# What was removed in this look is left for the next to find gone; whatever is in its way ends the look.
look() {
  left='' stuck='' tasks=''
  # It needs no engine, and the kernel goes on counting until it is gone.
  set +f
  found=$(traces "${label#*=}")
  set -f
  for trace in $found; do rmdir "$trace" 2>/dev/null || note "trace $trace $trace"; done
  state=$(ask info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}') || state=
  case $state in
    'active true')
      lines=$(ask service ls --filter "label=$label" --format '{{.ID}} {{.Name}}') || { note 'swarm - -'; return; }
      remove service "$(named "$prefix" "$lines")" service rm
      ;;
    active* | inactive*) ;;
    [a-z]*) note "swarm - ${state%% *}" && stuck=yes ;;
    *) note 'engine - -' && return ;;
  esac
  lines=$(ask ps -a --filter "label=$label" --format '{{.ID}} {{.Names}} {{.Label "swarmproof.part"}}') || { note 'engine - -'; return; }
  remove container "$(alone "$prefix" "$lines")" rm --force
  if [ -n "$prefix" ]; then
    tasks=$(ask ps -a --filter "name=^/*$prefix-" --format '{{.ID}} {{.Names}}') || { note 'engine - -'; return; }
    for line in $tasks; do note "task $line"; done
  fi
  [ -z "$stuck$tasks" ] || return
  lines=$(ask network ls --filter "label=$label" --format '{{.ID}} {{.Name}}') || { note 'engine - -'; return; }
  remove network "$(named "$prefix" "$lines")" network rm
  [ -z "$stuck" ] || return
  for image in $(of image); do
    ask image inspect --format '{{.Id}}' "$image" >/dev/null || continue
    note "image $image $image"
    ask image rm "$image" >/dev/null || stuck=yes
  done
  for image in $(nameless); do
    note "image $image $image"
    ask image rm "$image" >/dev/null || stuck=yes
  done
  [ -z "$stuck" ] || return
  for extra in $(of folder); do
    case $extra in
      */../* | */..) note "folder $extra $extra" ;;
      */swarmproof-*) rm -rf "$extra" 2>/dev/null || note "folder $extra $extra" ;;
    esac
  done
}

# until_destroyed SINCE LINES: until the engine has told that each of these containers is gone, or 15 s have passed. To
# ask again and again takes a small host the time that the engine needs to end them. Where it tells nothing, at once.
until_destroyed() {
  since=$1 number=0
  shift
  for line in $1; do
    number=$((number + 1))
    set -- "$@" --filter "container=${line%% *}"
  done
  shift
  {
    engine events --since "$since" --until "$(($(date +%s) + 15))" --filter event=destroy "$@" --format gone &
    echo $!
    wait
  } | {
    teller=''
    while { [ -z "$teller" ] || [ "$number" -gt 0 ]; } && read -r line; do
      # What it tells may be there before its number.
      case $line in gone) number=$((number - 1)) ;; *) teller=$line ;; esac
    done
    [ -z "$teller" ] || kill "$teller" 2>/dev/null
  }
}

until_gone() {
  looks=0
  while
    began=$(date +%s)
    look
    [ -n "$left" ]
  do
    looks=$((looks + 1))
    if [ "$looks" -ge "$patience" ]; then
      printf '%s' "$left" | sed 's/^/left /'
      return 1
    fi
    if [ -n "$tasks" ]; then
      until_destroyed "$began" "$tasks"
      waited=$(($(date +%s) - began))
      # A look takes a small host three seconds. No call lasts longer than 90 s: beyond it a clock was set.
      [ "$waited" -ge 0 ] || waited=0
      [ "$waited" -le 90 ] || waited=90
      looks=$((looks + waited / 3))
    fi
    sleep "$tick"
  done
}

# The last manager goes last: without it the others cannot take down what is theirs.
others_are_there() {
  [ "$looks" -lt 45 ] && [ "$(ask info --format '{{.Swarm.ControlAvailable}}')" = true ] &&
    [ "$(ask node ls --format '{{.Status}}' | grep -c Ready)" -gt 1 ]
}

leave() {
  looks=0 strange=0 went=$(of formed)
  while :; do
    state=$(ask info --format '{{.Swarm.LocalNodeState}}') || state=
    [ "$state" != inactive ] || break
    if is_ours; then
      others_are_there || { ask swarm leave --force >/dev/null && went=yes; }
    elif [ "$state" = active ]; then
      # One that is just being joined may not be known by its managers yet.
      strange=$((strange + 1))
      [ "$strange" -lt 5 ] || return 0
    fi
    looks=$((looks + 1))
    if [ "$looks" -ge 75 ]; then echo "left swarm - $state"; return 1; fi
    sleep "$tick"
  done
  [ -n "$went" ] && [ -n "$(of bridge)" ] || return 0
  looks=0
  while [ -n "$(ask network ls -q --filter 'name=^docker_gwbridge$')" ]; do
    ask network rm docker_gwbridge >/dev/null
    looks=$((looks + 1))
    if [ "$looks" -ge 15 ]; then echo 'left network docker_gwbridge docker_gwbridge'; return 1; fi
    sleep "$tick"
  done
}

clean() {
  folder=$1 label=$2 prefix=$3 tick=$4 patience=$5
  shift 5
  set -f
  made=$({ [ $# -eq 0 ] || printf '%s\n' "$@"; cat "$folder/made" 2>/dev/null; } | sort -u)
  [ -n "$prefix" ] || prefix=$(cat "$folder/prefix" 2>/dev/null)
  IFS=$newline
  until_gone
  gone=$?
  [ -z "$(of swarm)" ] || leave || gone=1
  return $gone
}
