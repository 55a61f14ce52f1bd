import { scriptLines, sh } from '../script.ts'
import { prefixLetters } from './footprint.ts'

/** What begins a name that a run gives, for grep and sed: `swp-` and four letters, as `chooseFootprint` makes them. */
const anyPrefix = `swp-${`[${prefixLetters}]`.repeat(4)}`

/** `ask WORDS...` is docker without what it says on standard error. */
export const askFunctions = sh`
if timeout 5 true 2>/dev/null; then
  ask() { timeout 90 docker "$@" 2>/dev/null </dev/null; }
else
  ask() { docker "$@" 2>/dev/null </dev/null; }
fi
`

/**
 * `named PREFIX LINES`: those of the lines `ID NAME` whose name begins with the prefix and a hyphen; with no PREFIX,
 * with any that a run may have. A label alone does not tell: the stack of a lab bears the id of a run, too.
 *
 * `alone PREFIX LINES`: of containers, `ID NAME PART`, those that are no host of a lab, which has a part, and none of a
 * lab's stack. Containers that lend a host their tools have names by chance.
 */
export const nameFunctions = sh`
any_prefix=${anyPrefix}
named() { printf '%s\n' "$2" | sed -n "/^[^ ]* \${1:-$any_prefix}-/p"; }
alone() { printf '%s\n' "$2" | sed -n "s/ *$//; /^[^ ]* [^ ]*$/!d; /^[^ ]* swp-/{/^[^ ]* \${1:-$any_prefix}-/!d;}; p"; }
`

/** `of KIND` prints the values of that kind in `made`, a line each; `nameless` those of images without any name. */
export const swarmFunctions = sh`
of() { printf '%s\n' "$made" | sed -n "s/^$1 //p"; }

nameless() {
  for id in $(of unnamed); do
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
`

/**
 * `clean FOLDER LABEL PREFIX TICK PATIENCE [ENTRY...]`: removes what a run created on one host, again and again until
 * none of it is there: services and networks, if the host is a manager, and containers by label and name, and what the entries
 * name: those given, and the lines of the file `made`. It waits for what only a manager can remove. Prints a line
 * `left KIND ID NAME` for each thing that is there after PATIENCE looks with TICK seconds between them, and exits with 1.
 *
 * | entry | means |
 * |---|---|
 * | `image REF` | brought there by the run |
 * | `unnamed ID` | the id of such an image: on a full disk an engine takes its name away and keeps the rest. Removed only while it has no name at all |
 * | `folder PATH` | made by the run, with everything in it |
 * | `swarm WORD` | a swarm is the run's if the engine says WORD of it: the id of this node or of a manager, an address it joins, or the validity of its certificates |
 * | `bridge yes` | docker_gwbridge was not there before the run |
 * | `formed yes` | the host was in the run's swarm |
 *
 * Where no PREFIX is given it is that of the file `prefix`.
 *
 * A swarm of which the engine says none of the words is somebody else's, and is left alone.
 *
 * An engine that does not answer is something left: "no services" from an engine that is down proves nothing. Standard
 * output and the exit code alone decide; what docker prints on standard error, as warnings at every call, is dropped.
 */
const clean = sh`
newline='
'
note() { left="$left$1$newline"; }

# remove KIND LINES COMMAND...: each line is an id and a name.
remove() {
  kind=$1 lines=$2
  shift 2
  for line in $lines; do
    note "$kind $line"
    ask "$@" "\${line%% *}" >/dev/null
  done
}

look() {
  left=
  state=$(ask info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}') || state=
  case $state in
    'active true')
      lines=$(ask service ls --filter "label=$label" --format '{{.ID}} {{.Name}}') || { note 'swarm - -'; return; }
      remove service "$(named "$prefix" "$lines")" service rm
      ;;
    active* | inactive*) ;;
    [a-z]*) note "swarm - \${state%% *}" ;;
    *) note 'engine - -'; return ;;
  esac
  lines=$(ask ps -a --filter "label=$label" --format '{{.ID}} {{.Names}} {{.Label "swarmproof.part"}}') || { note 'engine - -'; return; }
  remove container "$(alone "$prefix" "$lines")" rm --force
  if [ -n "$prefix" ]; then
    lines=$(ask ps -a --filter "name=^/*$prefix-" --format '{{.ID}} {{.Names}}') || { note 'engine - -'; return; }
    for line in $lines; do note "task $line"; done
  fi
  [ -z "$left" ] || return
  lines=$(ask network ls --filter "label=$label" --format '{{.ID}} {{.Name}}') || { note 'engine - -'; return; }
  remove network "$(named "$prefix" "$lines")" network rm
  [ -z "$left" ] || return
  for image in $(of image); do
    ask image inspect --format '{{.Id}}' "$image" >/dev/null || continue
    note "image $image $image"
    ask image rm "$image" >/dev/null
  done
  for image in $(nameless); do
    note "image $image $image"
    ask image rm "$image" >/dev/null
  done
  [ -z "$left" ] || return
  for extra in $(of folder); do
    case $extra in
      */../* | */..) note "folder $extra $extra" ;;
      */swarmproof-*) rm -rf "$extra" 2>/dev/null || note "folder $extra $extra" ;;
    esac
  done
}

until_gone() {
  looks=0
  while look; [ -n "$left" ]; do
    looks=$((looks + 1))
    if [ "$looks" -ge "$patience" ]; then
      printf '%s' "$left" | sed 's/^/left /'
      return 1
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
`

/**
 * `watch FOLDER LABEL PREFIX TICK SILENCE LAPSE`: watches over a run from the host itself. While the file `watch` is
 * there it looks at two signs of life:
 *
 * - `beat` is written again and again by the owner. Unchanged for SILENCE ticks it means that the owner is dead or
 *   cut off, whatever became of the connection;
 * - `line` is a FIFO that a process of the owner's connection holds open. Its end means that the connection ended, as
 *   it does at once when the owner is killed. Only if no beat follows within LAPSE ticks, which a connection that was
 *   made again sends, is the owner taken for dead.
 *
 * Then it takes `watch` away, by which the owner, if it lives after all, is told; removes everything by `clean`, trying
 * again while that fails; and at last its own folder. If something cannot be removed the folder stays, so that
 * `swarmproof clean HOSTS` finds what it was.
 */
const watch = sh`
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
    rmdir "\${folder%/*}" 2>/dev/null
  fi
  trap '' TERM
  kill -TERM 0
}
`

/** Everything that is stored on a host: called as `sh program MODE WORDS...`. Static text; all settings are words. */
export const guardProgram = scriptLines([
  askFunctions,
  nameFunctions,
  swarmFunctions,
  clean,
  watch,
  sh`
mode=$1
shift
case $mode in
  clean) clean "$@" ;;
  watch) watch "$@" ;;
  *) exit 64 ;;
esac
`,
])
