import { join } from 'node:path'
import type { Host } from '../host/host.ts'
import { readHostState } from '../observe/read-host-state.ts'
import { type Progress, step } from '../progress.ts'
import { type Script, sh } from '../remote/script.ts'
import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import type { RunStore } from './run-store.ts'

/** What a person would look at first on a host, below the folder of its name. None of it holds a key. */
const looks: Readonly<Record<string, Script>> = {
  'docker.txt': sh`docker version; docker info; docker network ls; docker ps; docker node ls; docker service ls; docker service ps $(docker service ls -q) 2>&1`,
  'engine.log': engineLogCommand(300),
  'kernel.log': sh`dmesg | tail -n 200`,
}

function engineLogCommand(lines: number): Script {
  return sh`tail -n ${lines} /var/log/dockerd.log 2>/dev/null || journalctl -u docker -n ${lines} --no-pager`
}

/** The last lines of a host's engine log, for a run that could not go on; none if the host does not answer. */
export async function engineLogTail(host: Host): Promise<string[]> {
  const result = await host.remote.exec(engineLogCommand(30), { timeoutMs: 15_000 }).catch(() => undefined)
  return result === undefined ? [] : result.stdout.trimEnd().split('\n')
}

/** Collects the state of every host when something was not as required. What cannot be read is said in its file. */
export async function collectHosts(
  cluster: Cluster,
  folder: string,
  store: RunStore,
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

async function collectHost({ host }: ClusterNode, parent: string, store: RunStore): Promise<void> {
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
