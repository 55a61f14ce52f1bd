import type { Host } from '../host/host.ts'
import { docker } from './docker.ts'

/**
 * Ends the engine of a host and starts it again: by systemd where that runs it, else with the very command line it
 * had. Resolves when it answers.
 */
export async function restartEngine(host: Host): Promise<void> {
  await docker(host, script, { timeoutMs: 180_000 })
}

const script = `
if command -v systemctl >/dev/null && systemctl -q is-active docker 2>/dev/null; then
  systemctl restart docker
else
  old=$(pgrep -o -x dockerd) || { echo "no dockerd runs" >&2; exit 3; }
  tr '\\0' '\\n' </proc/$old/cmdline >/run/swarmproof-dockerd
  kill -TERM $old
  n=0; while kill -0 $old 2>/dev/null; do n=$((n+1)); [ $n -lt 300 ] || { kill -KILL $old; sleep 1; break; }; sleep 0.2; done
  rm -f /run/docker.pid /var/run/docker.pid
  set --; while IFS= read -r word; do set -- "$@" "$word"; done </run/swarmproof-dockerd
  setsid "$@" >>/var/log/dockerd.log 2>&1 </dev/null &
fi
n=0; until docker info >/dev/null 2>&1; do n=$((n+1)); [ $n -lt 240 ] || { echo "the engine does not answer" >&2; exit 4; }; sleep 0.5; done
`
