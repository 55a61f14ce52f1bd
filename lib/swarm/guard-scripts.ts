import { printBootId } from '../change/boot-id.ts'
import { detachFunctions } from '../change/detach.ts'
import { scriptLines, sh } from '../script.ts'

/** Exit code for a host that has taken the run for dead. */
export const goneExit = 44
/** Exit code for a host that was restarted. */
export const restartedExit = 45

/**
 * `MODE FOLDER UNIT SYSTEMD-FOLDER LABEL PREFIX TICK SILENCE LAPSE [ENTRY...]`, with the guard's program on standard
 * input: makes the folder and starts the guard in it. Prints the boot id. MODE `first`: whatever goes wrong, nothing is
 * left. MODE `again`: after a restart of the host, where the folder may be gone or not.
 */
export const startScript = scriptLines([
  detachFunctions,
  sh`
umask 077
mode=$1 folder=$2 unit=$3 systemd=$4 label=$5 prefix=$6 tick=$7 silence=$8 lapse=$9
shift 9
undo() {
  [ "$1" -ne 0 ] || return 0
  trap '' INT TERM HUP
  retire "$unit" "$systemd" "$folder/pid" "$folder"
  rm -rf "$folder"
  rmdir "\${folder%/*}" 2>/dev/null
}
if [ "$mode" = first ]; then
  if [ -e "$folder" ]; then echo "$folder is there already" >&2; exit 1; fi
  trap 'undo $?' EXIT
  trap 'exit 1' INT TERM HUP
fi
tries=0
# Another run that ends may take the parent away in between.
until mkdir -p "\${folder%/*}" && { [ -d "$folder" ] || mkdir "$folder"; }; do
  tries=$((tries + 1))
  [ "$tries" -lt 3 ] || exit 1
done
rm -f "$folder/line" "$folder/pid" "$folder/watch"
cat >"$folder/program" && mkfifo "$folder/line" && echo 0 >"$folder/beat" && echo "$prefix" >"$folder/prefix" || exit 1
[ $# -eq 0 ] || printf '%s\n' "$@" >>"$folder/made"
: >"$folder/watch" || exit 1
detach "$unit" "$systemd" "$folder/pid" \
  sh "$folder/program" watch "$folder" "$label" "$prefix" "$tick" "$silence" "$lapse" || exit 1
`,
  printBootId,
])

/**
 * `FOLDER BOOT-ID NUMBER`. Writes over what is there, so that a full disk does not silence a run. A restart is told by
 * the boot id: that the folder is gone would prove nothing.
 */
export const beatScript = sh`
boot=$(${printBootId})
[ "$boot" = "$2" ] || exit 45
[ -e "$1/watch" ] || exit 44
echo "$3" 1<>"$1/beat"
`

/** `FOLDER UNIT SYSTEMD-FOLDER`: ends the guard of a host on which nothing is left, and takes its folder away. */
export const finishScript = scriptLines([
  detachFunctions,
  sh`
retire "$2" "$3" "$1/pid" "$1"
rm -rf "$1" || exit 1
rmdir "\${1%/*}" 2>/dev/null
true
`,
])

/** `FOLDER ENTRY...`: what is to be removed in the end; told before it is made. */
export const addScript = sh`
folder=$1
shift
printf '%s\n' "$@" >>"$folder/made"
`

/** `FOLDER`: the swarm that the run made is to stay. */
export const stayScript = sh`
[ ! -e "$1/made" ] || { sed '/^swarm /d; /^bridge /d; /^formed /d' "$1/made" >"$1/made.new" && mv "$1/made.new" "$1/made"; }
`
