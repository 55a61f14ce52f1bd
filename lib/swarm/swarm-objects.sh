#!/bin/sh
# On a manager: what there is in its swarm, whoever made it. One line of JSON an object, in the fields of the formats.
: "${mark?}" "${most?}" "${known?}" "${node_format?}" "${network_format?}" "${service_format?}" "${task_format?}" "${listed_format?}"
section() { printf '%s %s\n' "$mark" "$*"; }
# One call of the client for many ids; none where there are none.
inspect() { head -n "$most" | xargs -r docker inspect --type "$1" --format "$2"; }
# What an engine said of a task may hold an operator's words: of those that are not known nothing leaves the host.
known_alone() { tab=$(printf '\t'); sed -E -e "/$known/!s/${tab}[^${tab}]*\$/${tab}/"; }

section nodes; docker node ls -q | inspect node "$node_format"
section networks; docker network ls -q --no-trunc --filter driver=overlay | inspect network "$network_format"
services=$(docker service ls -q | head -n "$most")
section services; printf '%s\n' "$services" | inspect service "$service_format"
if [ -n "$services" ]; then
  section tasks
  # shellcheck disable=SC2086 # ids, a line each
  docker service ps -q --no-trunc --filter desired-state=running $services | inspect task "$task_format"
  section listed
  # shellcheck disable=SC2086 # ids, a line each
  docker service ps --no-trunc --format "$listed_format" $services | head -n "$most" | known_alone
fi
section end
