#!/bin/sh
watch() {
  folder=$1 tick=$4 silence=$5 lapse=$6
  echo $$ >"$folder/pid"
  : >"$folder/lapses"
  lapses=$(wc -c <"$folder/lapses")
  while cat "$folder/line" >/dev/null 2>&1; do echo >>"$folder/lapses"; done &

  beat='' quiet=0 since='' done=yes
  while [ -e "$folder/watch" ]; do
    sleep "$tick"
    quiet=$((quiet + 1))
    [ -z "$since" ] || since=$((since + 1))
    now=$(cat "$folder/beat" 2>/dev/null)
    if [ "$now" != "$beat" ]; then beat=$now quiet=0 since=''; fi
    # Of a beat and an end in the same tick the end counts: a beat that came after it is followed by another.
    now=$(wc -c <"$folder/lapses")
    if [ "$now" != "$lapses" ]; then lapses=$now since=0; fi
    if [ "$quiet" -ge "$silence" ] || { [ -n "$since" ] && [ "$since" -ge "$lapse" ]; }; then
      rm -f "$folder/watch"
      tries=0
      until sh "$folder/program" clean "$folder" "$2" "$3" "$tick" 300 >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 20 ] || { done=; break; }
        sleep 15
      done
    fi
  done
  if [ -n "$done" ]; then
    rm -rf "$folder"
    rmdir "${folder%/*}" 2>/dev/null
  fi
  trap '' TERM
  kill -TERM 0
}
