#!/bin/sh
# shellcheck disable=SC2154 # made: what the run told its guard, a line each, which whoever calls these has read
of() { printf '%s\n' "$made" | sed -n "s/^$1 //p"; }

# Where a kernel counts for a run, or for any; tracefs is mounted once at most.
traces() {
  sed -n '/^[^ ]* [^ ]* tracefs /{s/^[^ ]* \([^ ]*\) .*/\1/p;q;}' /proc/mounts | while read -r root; do
    for trace in "$root"/instances/swarmproof-*; do
      case $trace in */swarmproof-"${1:-${trace##*/swarmproof-}}") [ ! -d "$trace" ] || printf '%s\n' "$trace" ;; esac
    done
  done
}

nameless() {
  ids=$(of unnamed)
  [ -n "$ids" ] || return 0
  # Most often all have names or are gone, which one call tells.
  # shellcheck disable=SC2086 # ids, a line each
  ask image inspect --format '{{len .RepoTags}} {{len .RepoDigests}}' $ids | grep -qx '0 0' || return 0
  for id in $ids; do
    [ "$(ask image inspect --format '{{len .RepoTags}} {{len .RepoDigests}}' "$id")" != '0 0' ] || echo "$id"
  done
}

# Whether the swarm that the engine is in is one that this run made.
is_ours() {
  said=$(ask info --format '{{.Swarm.NodeID}}{{range .Swarm.RemoteManagers}} {{if .NodeID}}{{.NodeID}}{{else}}{{.Addr}}{{end}}{{end}}{{with .Swarm.Cluster}} {{.Spec.CAConfig.NodeCertExpiry}}{{end}}') || return 1
  for word in $(of swarm); do
    case " $said " in *" $word "*) return 0 ;; esac
  done
  return 1
}
