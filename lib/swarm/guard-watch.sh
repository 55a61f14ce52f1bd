#!/bin/sh
watch() {
  folder=$1 tick=$4 silence=$5 lapse=$6
  echo $$ >"$folder/pid"
  echo 0 >"$folder/lapses"
  lapses=0
  (
    ended=0
    while cat "$folder/line" >/dev/null 2>&1; do ended=$((ended + 1)) && echo "$ended" 1<>"$folder/lapses"; done
  ) &

  # Every second, as long as a run lasts: nothing but the pause is a process of its own.
  beat='' quiet=0 since='' done=yes
  while [ -e "$folder/watch" ]; do
    sleep "$tick"
    quiet=$((quiet + 1))
    [ -z "$since" ] || since=$((since + 1))
    { read -r now <"$folder/beat"; } 2>/dev/null || now=''
    if [ "$now" != "$beat" ]; then beat=$now quiet=0 since=''; fi
    # Of a beat and an end in the same tick the end counts: a beat that came after it is followed by another.
    { read -r now <"$folder/lapses"; } 2>/dev/null || now=$lapses
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
