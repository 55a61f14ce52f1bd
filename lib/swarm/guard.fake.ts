import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * A `docker` of a few lines of sh for tests of guards, with its objects as files: `services/<name>` and so on hold their
 * label. Removing a service takes its tasks with it, after 0.3 s or what a file `ending` says; a network or image in use is refused, as engines
 * do. While a file `down` is there it answers nothing, and with a file `warns` it prints a warning on standard error at
 * every call, as clients do. In which swarm it is: `inactive` for none, else `node`, `remotes` (a line each) and
 * `expiry` say.
 */
const script = String.raw`#!/bin/sh
state=STATE
[ ! -e "$state/warns" ] || echo 'WARNING: Error loading config file: /root/.docker/config.json: permission denied' >&2
[ ! -e "$state/down" ] || { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }
echo "$*" >>"$state/asked"
list() {
  for file in "$state/$1"/*; do
    [ -e "$file" ] || continue
    [ -z "$2" ] || grep -qx -e "$2" "$file" || continue
    name=$(basename "$file")
    echo "$name $name$(sed -n 's/^swarmproof.part=/ /p' "$file")"
  done
  true
}
label() { echo "$*" | sed -n 's/.*--filter label=\([^ ]*\).*/\1/p'; }
ids() { for file in "$state/$1"/*; do ! grep -q '^swarmproof=' "$file" 2>/dev/null || basename "$file"; done; }
told() {
  kind=$1
  shift
  for id; do
    echo "$(sed 's/^swarmproof=//; /^swarmproof.part=/d' "$state/$kind/$id") $id $id$(sed -n 's/^swarmproof.part=/ /p' "$state/$kind/$id")"
  done
}
mode=active
[ ! -e "$state/inactive" ] || mode=inactive
case "$*" in
  'info --format {{.Swarm.LocalNodeState}}') echo $mode ;;
  'info --format {{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}')
    if [ $mode = active ]; then echo "active $(cat "$state/manager")"; else echo 'inactive false'; fi ;;
  'info --format {{.Swarm.ControlAvailable}}') if [ $mode = active ]; then cat "$state/manager"; else echo false; fi ;;
  'info --format {{.Swarm.NodeID}}'*)
    [ $mode = inactive ] || echo "$(cat "$state/node") $(tr '\n' ' ' <"$state/remotes")$(cat "$state/expiry")" ;;
  'node ls '*) echo Ready ;;
  'swarm leave --force') : >"$state/inactive"; rm -f "$state"/services/* "$state"/tasks/* ;;
  'service ls -q --filter label=swarmproof') ids services ;;
  'service inspect --format {{index .Spec.Labels '*) shift 4; told services "$@" ;;
  'network ls -q --filter label=swarmproof') ids networks ;;
  'network inspect --format {{index .Labels '*) shift 4; told networks "$@" ;;
  'ps -a --filter label=swarmproof --format {{.Label '*) told containers $(ids containers) ;;
  'service ls --filter label='*) list services "$(label "$*")" ;;
  'service rm '*)
    shift 2
    for name; do
      rm "$state/services/$name"
      (sleep "$(cat "$state/ending" 2>/dev/null || echo 0.3)"; rm -f "$state/tasks/$name".*) >/dev/null 2>&1 &
    done ;;
  'events --since '*' --filter event=destroy --filter container='*' --format gone')
    until=$5
    on() { [ "$(date +%s)" -lt "$until" ]; }
    for word; do case $word in
      container=*)
        while on && [ -e "$state/tasks/${'$'}{word#*=}" ]; do sleep 0.05; done
        ! on || echo gone ;;
    esac; done
    while on; do sleep 0.05; done ;;
  'ps -a --filter label='*) list containers "$(label "$*")" ;;
  'ps -a --filter name=^/'*) list tasks '' | grep "^$(echo "$3 $4" | sed 's/.*[*]//')" || true ;;
  'rm --force '*) shift 2; for name; do rm "$state/containers/$name"; done ;;
  'network ls -q --filter name=^docker_gwbridge$') ls "$state/networks" | grep -x docker_gwbridge || true ;;
  'network ls --filter label='*) list networks "$(label "$*")" ;;
  'network rm '*)
    shift 2
    failed=0
    for name; do
      if ls "$state/tasks" | grep -q -e '^somebody' -e "^${'$'}{name%-*}-"; then failed=1; else rm "$state/networks/$name"; fi
    done
    exit $failed ;;
  'image inspect --format {{len '*)
    shift 4
    failed=0
    for id; do if grep -qsx "$id" "$state/images/nameless"; then echo '0 0'; else failed=1; fi; done
    exit $failed ;;
  'image inspect --format {{.Id}} '*) grep -qx "$5" "$state/images/list" ;;
  'image rm '*) ls "$state/tasks" | grep -q -e "${'$'}{3##*:}-" && exit 1
    for file in "$state/images"/*; do sed -i "\#^$3\$#d" "$file"; done ;;
  *) echo "nobody expected: $*" >>"$state/strange"; exit 1 ;;
esac
`

/** `cut` of the boot id's second line alone, so that a test can have a host restarted. */
const cut = String.raw`#!/bin/sh
case "$*" in *'/proc/1/stat') [ ! -e STATE/boot ] || { cat STATE/boot; exit 0; } ;; esac
exec REAL "$@"
`

/** `sed` of /proc/mounts: tracefs is the folder `tracing` of its state. */
const mounted = String.raw`#!/bin/sh
case "$*" in *' tracefs '*/proc/mounts) echo STATE/tracing ;; *) exec REAL "$@" ;; esac
`

export interface FakeEngine {
  /** Folder to put first into PATH. */
  readonly path: string
  /** Everything there is, as `services/web`. */
  left(): string[]
  put(kind: 'services' | 'containers' | 'networks' | 'tasks', name: string, label?: string): void
  /** Writes a file of its state. */
  set(name: string, content?: string): void
  unset(name: string): void
  /** Content of a file of its state; undefined where there is none. */
  read(name: string): string | undefined
  /** Puts a program before all others. `STATE` is the folder of its state, `REAL` the program of that name. */
  program(name: string, text: string): void
  /** Puts a program before the one there is, which is `STATE/<name>` from then on. */
  wrap(name: string, text: string): void
}

/** @param shell what `sh` is to be on the host, too */
export function fakeEngine(folder: string, shell?: string): FakeEngine {
  const state = join(folder, 'state')
  const path = join(folder, 'bin')
  const kinds = ['services', 'containers', 'networks', 'tasks'] as const
  for (const kind of [...kinds, 'images']) mkdirSync(join(state, kind), { recursive: true })
  mkdirSync(path)
  const program = (name: string, text: string): void => {
    const real = text.includes('REAL') ? execFileSync('which', [name], { encoding: 'utf8' }).trim() : ''
    writeFileSync(join(path, name), text.replaceAll('STATE', state).replaceAll('REAL', real), { mode: 0o755 })
  }
  const set = (name: string, content = ''): void => writeFileSync(join(state, name), content)
  program('sed', mounted)
  program('docker', script)
  program('cut', cut)
  if (shell !== undefined) symlinkSync(shell, join(path, 'sh'))
  set('manager', 'true\n')
  set('node', 'node-of-theirs\n')
  set('remotes', 'node-of-theirs\n')
  set('expiry', '2160h0m0s\n')
  set('images/list')
  return {
    path,
    left: () => kinds.flatMap((kind) => readdirSync(join(state, kind)).map((name) => `${kind}/${name}`)),
    put: (kind, name, label = '') => set(join(kind, name), `${label}\n`),
    set,
    unset: (name) => rmSync(join(state, name), { force: true }),
    read: (name) => (existsSync(join(state, name)) ? readFileSync(join(state, name), 'utf8') : undefined),
    program,
    wrap: (name, text) => {
      renameSync(join(path, name), join(state, name))
      program(name, text)
    },
  }
}
