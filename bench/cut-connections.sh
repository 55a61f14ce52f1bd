#!/bin/sh
# Ends the server's processes of every connection that holds the line of a guard: those of runs, and no others.
for holder in $(pgrep -f '^sleep 2147483647'); do
  id=$holder
  while [ "$id" -gt 1 ] 2>/dev/null; do
    name=$(cat "/proc/$id/comm" 2>/dev/null) || break
    case $name in sshd*) kill -KILL "$id"; break ;; esac
    id=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$id/status" 2>/dev/null)
  done
done
true
