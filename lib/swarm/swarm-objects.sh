#!/bin/sh
# On a manager: what there is in its swarm, whoever made it. One line of JSON an object, in the fields of the formats. A
# list that it does not answer ends all of it before the section `end`; of what is more than `most`, `cut` says the kind.
: "${mark?}" "${most?}" "${most_tasks?}" "${known?}" "${node_format?}" "${network_format?}" "${service_format?}" "${task_format?}" "${listed_format?}"
section() { printf '%s %s\n' "$mark" "$*"; }
# Of the lines in `list` the first; there is a newline at the end of none.
first() {
  [ "$(printf '%s\n' "$list" | grep -c .)" -le "$2" ] || section cut "$1"
  list=$(printf '%s\n' "$list" | head -n "$2")
}
# One call of the client for many ids. What has vanished meanwhile is left out.
show() { [ -z "$list" ] || printf '%s\n' "$list" | xargs docker inspect --type "$1" --format "$2" 2>/dev/null; }
# What an engine said of a task may hold an operator's words: of those that are not known nothing leaves the host.
known_alone() { tab=$(printf '\t'); sed -E -e "/$known/!s/${tab}[^${tab}]*\$/${tab}/"; }

list=$(docker node ls -q) || exit 1
first nodes "$most"
section nodes; show node "$node_format"
list=$(docker network ls -q --no-trunc --filter driver=overlay) || exit 1
first networks "$most"
section networks; show network "$network_format"
list=$(docker service ls -q) || exit 1
first services "$most"
services=$list
section services; show service "$service_format"
if [ -n "$services" ]; then
  # shellcheck disable=SC2086 # ids, a line each
  list=$(docker service ps -q --no-trunc --filter desired-state=running $services) || exit 1
  first tasks "$most_tasks"
  section tasks; show task "$task_format"
  section listed
  # shellcheck disable=SC2086 # ids, a line each
  docker service ps --no-trunc --format "$listed_format" $services | head -n "$most_tasks" | known_alone
fi
section end
