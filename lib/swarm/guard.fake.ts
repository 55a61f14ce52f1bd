import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A `docker` of a few lines of sh for tests of guards, with its objects as files: `services/<id>` and so on hold their
 * label. Removing a service takes its tasks with it, a second later; a network or image in use is refused, as engines
 * do. While a file `down` is there it answers nothing.
 */
const script = String.raw`#!/bin/sh
state=STATE
[ ! -e "$state/down" ] || { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }
echo "$*" >>"$state/asked"
labelled() {
  for file in "$state/$1"/*; do
    [ -e "$file" ] || continue
    if grep -qx "$2" "$file"; then basename "$file"; fi
  done
  true
}
any() { [ -n "$(ls "$state/$1")" ]; }
case "$*" in
  'info --format {{.Swarm.ControlAvailable}}') if [ -e "$state/inactive" ]; then echo false; else cat "$state/manager"; fi ;;
  'info --format {{.Swarm.LocalNodeState}}') if [ -e "$state/inactive" ]; then echo inactive; else echo active; fi ;;
  'node ls '*) echo Ready ;;
  'swarm leave --force') : >"$state/inactive" ;;
  'service ls -q --filter label='*) labelled services "$(echo "$*" | sed 's/.*label=//')" ;;
  'service rm '*) rm "$state/services/$3"; (sleep 0.3; rm -f "$state/tasks/$3".*) >/dev/null 2>&1 & ;;
  'ps -aq --filter label='*) labelled containers "$(echo "$*" | sed 's/.*label=//')" ;;
  'ps -aq --filter name=^/'*) ls "$state/tasks" | grep "^$(echo "$*" | sed 's/.*[*]//')" || true ;;
  'rm --force '*) rm "$state/containers/$3" ;;
  'network ls -q --filter label='*) labelled networks "$(echo "$*" | sed 's/.*label=//')" ;;
  'network inspect '*) [ -e "$state/networks/$3" ] ;;
  'network rm '*) any tasks && exit 1; rm "$state/networks/$3" ;;
  'image inspect '*) grep -qx "$3" "$state/images/list" ;;
  'image rm '*) any tasks && exit 1; sed -i "\#^$3\$#d" "$state/images/list" ;;
  *) echo "nobody expected: $*" >>"$state/strange"; exit 1 ;;
esac
`

export interface FakeEngine {
  /** Folder to put first into PATH. */
  readonly path: string
  /** Everything there is, as `services/web`. */
  left(): string[]
  put(kind: 'services' | 'containers' | 'networks' | 'tasks', name: string, label?: string): void
  set(name: string, content?: string): void
}

export function fakeEngine(folder: string): FakeEngine {
  const state = join(folder, 'state')
  const kinds = ['services', 'containers', 'networks', 'tasks'] as const
  for (const kind of [...kinds, 'images']) mkdirSync(join(state, kind), { recursive: true })
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'docker'), script.replace('STATE', state), { mode: 0o755 })
  writeFileSync(join(state, 'manager'), 'true\n')
  writeFileSync(join(state, 'images', 'list'), '')
  return {
    path: join(folder, 'bin'),
    left: () => kinds.flatMap((kind) => readdirSync(join(state, kind)).map((name) => `${kind}/${name}`)),
    put: (kind, name, label = '') => writeFileSync(join(state, kind, name), `${label}\n`),
    set: (name, content = '') => writeFileSync(join(state, name), content),
  }
}
