import { join } from 'node:path'
import type { Host } from '../host/host.ts'
import { readHostState } from '../observe/read-host-state.ts'
import { type Progress, step } from '../progress.ts'
import { type Script, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import { engineLogScript } from '../swarm/engine-log.ts'
import type { RunStore } from './run-store.ts'

/** Of engines, nodes and objects of the swarm, which may be anybody's: the fields named here, and no others. */
const overview = scriptFile(import.meta.url, 'overview.sh')

/**
 * Messages of the kernel about networks and memory. Lines of firewalls and audit hold traffic and commands of others;
 * what was killed for memory is told by its number alone.
 */
const kernelSubjects =
  'vxlan|bridge|br[0-9-]|veth|docker|overlay|IPVS|ip_vs|xfrm|XFRM|[^a-z]esp|nf_|conntrack|netfilter|link (is|becomes)|mtu|MTU|martian|neigh|ARP|TCP:|UDP:|[oO]ut of memory|soft lockup|hung task'
const kernelLog = sh`dmesg 2>/dev/null | grep -E ${kernelSubjects} | grep -v -E ${'SRC=|audit|apparmor'} | sed -E ${'s/([pP]rocess [0-9]+|pid[ =:]+[0-9]+) ?[(,].*/\\1/; s/task [^ ]+ blocked/a task blocked/; s/\\[[^][]*:[0-9]+\\]//'} | tail -n 200`

/** What a person would look at first on a host, below the folder of its name. None of it holds a key. */
const looks: Readonly<Record<string, Script>> = {
  'docker.txt': overview,
  'engine.log': engineLogScript(300),
  'kernel.log': kernelLog,
}

/** The last lines of a host's engine log, for a run that could not go on; none if the host does not answer. */
export async function engineLogTail(host: Host): Promise<string[]> {
  const result = await host.remote.exec(engineLogScript(30), { timeoutMs: 15_000 }).catch(() => undefined)
  return result === undefined ? [] : result.stdout.trimEnd().split('\n')
}

/** Collects the state of every host when something was not as required. What cannot be read is said in its file. */
export async function collectHosts(
  cluster: Cluster,
  folder: string,
  store: Pick<RunStore, 'write' | 'writeJson'>,
  progress: Progress,
): Promise<void> {
  await Promise.all(
    cluster.nodes.map((node) =>
      step(progress, 'Collecting state', node.host.name, () => collectHost(node, folder, store)).catch(
        () => undefined,
      ),
    ),
  )
}

async function collectHost(
  { host }: ClusterNode,
  parent: string,
  store: Pick<RunStore, 'write' | 'writeJson'>,
): Promise<void> {
  const folder = join(parent, host.name)
  const state = await readHostState(host).catch((error: unknown) => ({ unreadable: String(error) }))
  store.writeJson(join(folder, 'state.json'), state)
  for (const [file, command] of Object.entries(looks)) {
    const text = await host.remote.exec(command).then(
      (result) => result.stdout + result.stderr,
      (error: unknown) => `unreadable: ${String(error)}`,
    )
    store.write(join(folder, file), text)
  }
}
