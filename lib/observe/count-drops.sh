#!/bin/sh
: "${mark?}" "${root?}" "${mode?}" "${instance?}" "${owned?}"
section() { printf '%s %s\n' "$mark" "$*"; }
now() { section clock; date -u +%Y-%m-%dT%H:%M:%SZ; }
end() { section end; exit 0; }
folder=$root/instances/$instance
event=$folder/events/skb/kfree_skb

begin() {
  every=$root/events/skb/kfree_skb
  # The reason came with Linux 5.17; `hist` is there where the kernel counts by itself.
  grep -q 'skb_drop_reason reason;' "$every/format" 2>/dev/null || { section missing reasons; end; }
  [ -e "$every/hist" ] || { section missing histograms; end; }
  # Hosts of our own are nobody else's: what is there is of a run that died.
  if [ "$owned" = yes ]; then
    for old in "$root"/instances/swarmproof-*; do [ ! -d "$old" ] || rmdir "$old"; done
  fi
  [ ! -d "$folder" ] || rmdir "$folder"
  mkdir "$folder" || { section failed; end; }
  # Nothing is recorded but counts, in a table of a fixed size.
  echo 1 >"$folder/buffer_size_kb"
  if ! echo 'hist:keys=reason,protocol,location.sym:size=1024' >"$event/trigger"; then
    rmdir "$folder"
    section failed
    end
  fi
  now
}

read_out() {
  [ -d "$folder" ] || { section missing instance; end; }
  now
  section reasons
  sed -n 's/.*__print_symbolic(REC->reason, //p' "$event/format"
  section counts
  sed '/^#/d; s/location: \[[0-9a-f]*\]/location:/' "$event/hist"
  rmdir "$folder" || section left "$folder"
}

case $mode in
  begin) begin ;;
  end) read_out ;;
  *) exit 64 ;;
esac
end
