/** What the scripts of a guard find in the environment; `guardScript` and `cleanScript` say what for. */
export interface GuardSettings {
  readonly folder: string
  /** `swarmproof=<run-id>`. */
  readonly label: string
  readonly prefix: string
  /** Without a sign of life for so long, the owner is dead. */
  readonly silenceSeconds: number
  /** Once the lifeline's end was seen, so long is left to tie a new one. */
  readonly lapseSeconds: number
  /** Between two looks. */
  readonly tickSeconds: number
}

/** Lines of shell that set them; none of the values needs quoting, which `startGuard` sees to. */
export function settingsText(settings: GuardSettings): string {
  const { folder, label, prefix, silenceSeconds, lapseSeconds, tickSeconds } = settings
  const ticks = (seconds: number): number => Math.ceil(seconds / tickSeconds)
  return [
    `folder=${folder}`,
    `label=${label}`,
    `prefix=${prefix}`,
    `tick=${tickSeconds}`,
    `silence=${ticks(silenceSeconds)}`,
    `lapse=${ticks(lapseSeconds)}`,
    '',
  ].join('\n')
}

/**
 * Removes what a run created on one host, again and again until none of it is there: services and networks if the host
 * is a manager, containers by their label, images named in the file `images`, and folders named in the file `folders`.
 * It waits for what only a manager can remove. With a file `leave` the host then leaves the swarm; with a file `bridge`
 * docker_gwbridge goes, too. Exits with 1, and says what is left, if something is after `patience` looks.
 *
 * An engine that does not answer is something left: "no services" from an engine that is down proves nothing.
 */
export const cleanScript = String.raw`
. "$1/settings"
[ $# -gt 1 ] && patience=$2 || patience=120

look() {
  left=
  manager=$(docker info --format '{{.Swarm.ControlAvailable}}' 2>&1) || { left="the engine does not answer"; return; }
  if [ "$manager" = true ]; then
    services=$(docker service ls -q --filter "label=$label" 2>&1) || { left="the swarm does not answer"; return; }
    for id in $services; do left="$left service $id"; docker service rm "$id" >/dev/null 2>&1; done
  fi
  containers=$(docker ps -aq --filter "label=$label" 2>&1) || { left="the engine does not answer"; return; }
  for id in $containers; do left="$left container $id"; docker rm --force "$id" >/dev/null 2>&1; done
  tasks=$(docker ps -aq --filter "name=^/*$prefix-" 2>&1) || { left="the engine does not answer"; return; }
  for id in $tasks; do left="$left task $id"; done
  [ -z "$left" ] || return
  networks=$(docker network ls -q --filter "label=$label" 2>&1) || { left="the engine does not answer"; return; }
  for id in $networks; do left="$left network $id"; docker network rm "$id" >/dev/null 2>&1; done
  [ -z "$left" ] || return
  [ ! -e "$folder/images" ] || while read -r image; do
    docker image inspect "$image" >/dev/null 2>&1 </dev/null || continue
    left="$left image $image"
    docker image rm "$image" >/dev/null 2>&1 </dev/null
  done <"$folder/images"
  [ -z "$left" ] || return
  [ ! -e "$folder/folders" ] || while read -r extra; do
    rm -rf "$extra" 2>/dev/null || left="$left folder $extra"
  done <"$folder/folders"
}

until_gone() {
  n=0
  while look; [ -n "$left" ]; do
    n=$((n + 1))
    [ $n -lt "$patience" ] || { echo "left:$left"; return 1; }
    sleep $tick
  done
}

# The last manager goes last: without it the others cannot take down what is theirs.
leave() {
  n=0
  while [ "$(docker info --format '{{.Swarm.ControlAvailable}}' 2>/dev/null)" = true ] && [ $n -lt 45 ]; do
    [ "$(docker node ls --format '{{.Status}}' 2>/dev/null | grep -c Ready)" -gt 1 ] || break
    n=$((n + 1)); sleep $tick
  done
  n=0
  until [ "$(docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null)" = inactive ]; do
    docker swarm leave --force >/dev/null 2>&1
    n=$((n + 1)); [ $n -lt 30 ] || { echo "left: the swarm itself"; return 1; }
    sleep $tick
  done
  [ -e "$folder/bridge" ] || return 0
  n=0
  while docker network inspect docker_gwbridge >/dev/null 2>&1; do
    docker network rm docker_gwbridge >/dev/null 2>&1
    n=$((n + 1)); [ $n -lt 15 ] || { echo "left: docker_gwbridge"; return 1; }
    sleep $tick
  done
}

until_gone
gone=$?
if [ -e "$folder/leave" ]; then leave || gone=1; fi
exit $gone
`

/**
 * Watches over a run from the host itself, in a session of its own, so that nothing that ends the run's connection ends
 * it. While the file `watch` is there it looks at two signs of life:
 *
 * - `beat` is written again and again by the owner. Unchanged for `silence` seconds it means that the owner is dead or
 *   cut off, whatever became of the connection;
 * - `line` is a FIFO that a process of the owner's connection holds open. Its end means that the connection ended, as
 *   it does at once when the owner is killed. Only if no beat follows within `lapse` seconds, which a connection that
 *   was made anew sends, is the owner taken for dead.
 *
 * Then it takes `watch` away, by which the owner, if it lives after all, is told; removes everything by `clean`, trying
 * again while that fails; and at last its own folder.
 */
export const guardScript = String.raw`
. "$1/settings"
echo $$ >"$folder/pid"
: >"$folder/lapses"
lapses=$(wc -c <"$folder/lapses")
while cat "$folder/line" >/dev/null 2>&1; do echo >>"$folder/lapses"; done &

beat=; quiet=0; since=
while [ -e "$folder/watch" ]; do
  sleep $tick
  quiet=$((quiet + 1))
  [ -z "$since" ] || since=$((since + 1))
  now=$(cat "$folder/beat" 2>/dev/null)
  if [ "$now" != "$beat" ]; then beat=$now quiet=0 since=; fi
  # Of a beat and an end in the same second the end counts: a beat that came after it is followed by another.
  now=$(wc -c <"$folder/lapses")
  if [ "$now" != "$lapses" ]; then lapses=$now since=0; fi
  if [ $quiet -ge "$silence" ] || { [ -n "$since" ] && [ "$since" -ge "$lapse" ]; }; then
    rm -f "$folder/watch"
    n=0
    until sh "$folder/clean" "$folder" 300 >/dev/null 2>&1; do
      n=$((n + 1)); [ $n -lt 20 ] || break
      sleep 15
    done
  fi
done
rm -rf "$folder"
trap '' TERM
kill -TERM 0
`
