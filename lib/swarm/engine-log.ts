import type { Host } from '../host/host.ts'
import { MissingPrerequisite } from '../missing-prerequisite.ts'
import { type Script, scriptLines, sh } from '../script.ts'

/**
 * What lines of an engine's log are about that may leave its host: the swarm, its networks and the engine itself
 * (Moby, libnetwork and swarmkit; github.com/hashicorp/memberlist). Extended regular expressions.
 */
export const subjects = [
  'memberlist',
  'gossip cluster',
  '[nN]etwork ?[dD][bB]',
  'raft',
  'heartbeat',
  'dispatcher',
  'agent: session',
  '(manager|node|cluster|leader)(ship)? (state|status|join|leave|down|lost|elect)',
  'x509|certificate',
  'overlay network|vxlan|VXLAN|vni|VNI',
  'xfrm|XFRM|IPsec|encrypt',
  'ipvs|IPVS|real server|load balancer',
  'iptables|ip6tables|nftables|firewalld',
  'netlink|bridge|sandbox|neigh|fdb|FDB|route',
  '[pP]ool overlaps|address pool|subnet|could not find an available|address already in use',
  'ingress',
  'Processing signal|Daemon has completed|API listen on|Loading containers|failed to start daemon|shutting down',
].join('|')

/**
 * Lines that quote a request, a task or a container, which may be anybody's, with its command, mounts or names. Not what
 * memberlist says of a network that "may be misconfigured".
 */
export const ofOthers =
  'Handler for|fatal task error|starting container|OCI runtime|exec:|mount|secret|(^|[^a-z])config|environment|question='

/**
 * The log without what containers write to a journal, which stands there under the engine's unit: that comes by the
 * journal's own socket, the engine's by its standard output.
 */
const readLog = sh`if [ -r /var/log/dockerd.log ]; then cat /var/log/dockerd.log; else journalctl _SYSTEMD_UNIT=docker.service _TRANSPORT=stdout -n 5000 --no-pager -q; fi`

/** Prints the last lines of the log that are about the swarm or the engine itself, nothing else. */
export function engineLogScript(lines: number): Script {
  return sh`{ ${readLog}; } 2>/dev/null | grep -E ${subjects} | grep -v -E ${ofOthers} | tail -n ${lines}`
}

/**
 * The last such lines of an engine's log that hold one of these words; of several lists of words the last of each, list
 * after list.
 * @throws Lacking where there is no log to be found
 */
export async function engineLogLines(
  host: Host,
  ...lists: readonly (readonly string[])[]
): Promise<string[]> {
  const script = scriptLines([
    sh`log() { { ${readLog}; } 2>/dev/null; }
[ -n "$(log | head -n 1)" ] || exit 44`,
    ...lists.map((words) => {
      const patterns = words.flatMap((word) => ['-e', word])
      return sh`log | grep -E ${subjects} | grep -v -E ${ofOthers} | grep -F ${patterns} | tail -n 20`
    }),
  ])
  // Each list reads the log again.
  const timeoutMs = 30_000 * lists.length
  const { exitCode, stdout } = await host.remote.exec(script, { timeoutMs, idempotent: true })
  if (exitCode === 44) {
    throw new MissingPrerequisite({
      code: 'NO_ENGINE_LOG',
      what: `the engine's log of ${host.name} is neither in /var/log/dockerd.log nor in the journal of unit docker`,
    })
  }
  return stdout.split('\n').filter((line) => line !== '')
}
