#!/bin/sh
# What a watcher does when its command is to end. `$$` stays the id of the command in the background too, and cannot be
# given to another process while the watcher is a member of the process group of that name. If the command has ended by
# then, nothing is done: what it left in the background on purpose lives on.
: "${root_by?}" "${interrupt_polls?}" "${kill_polls?}"
linger() { n=0; while [ "$n" -lt "$1" ] && kill -0 $$; do sleep 0.25 || sleep 1; n=$((n + 1)); done; }
end() {
  kill -0 $$ || exit 0
  group=-$$
  if [ "$root_by" = sudo ]; then
    # The third field after the name.
    read -r stat </proc/self/stat
    stat=${stat##*) }
    stat=${stat#* }
    stat=${stat#* }
    group=-${stat%% *}
  fi
  # Without `--`, which dash's takes for a number.
  kill -0 "$group" || group=$$
  kill -INT "$group"
  linger "$interrupt_polls"
  kill -INT "$group"
  linger "$kill_polls"
  kill -KILL "$group"
}
