import { join } from 'node:path'
import { readHostState } from '../observe/read-host-state.ts'
import { type Progress, step } from '../progress.ts'
import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import type { RunStore } from './run-store.ts'

/** What a person would look at first on a host, below `hosts/<name>/`. None of it holds a key. */
const looks: Readonly<Record<string, string>> = {
  'docker.txt':
    'docker version; docker info; docker network ls; docker ps; docker node ls; docker service ls; docker service ps $(docker service ls -q) 2>&1',
  'engine.log': 'journalctl -u docker -n 300 --no-pager 2>/dev/null || tail -n 300 /var/log/dockerd.log',
  'kernel.log': 'dmesg | tail -n 200',
}

/** Collects the state of every host when something was not as required. What cannot be read is said in its file. */
export async function collectHosts(cluster: Cluster, store: RunStore, progress: Progress): Promise<void> {
  await Promise.all(
    cluster.nodes.map((node) =>
      step(progress, 'Collecting state', node.host.name, () => collectHost(node, store)).catch(
        () => undefined,
      ),
    ),
  )
}

async function collectHost({ host }: ClusterNode, store: RunStore): Promise<void> {
  const folder = join('hosts', host.name)
  const state = await readHostState(host).catch((error: unknown) => ({ unreadable: String(error) }))
  store.write(join(folder, 'state.json'), JSON.stringify(state, undefined, 2))
  for (const [file, command] of Object.entries(looks)) {
    const text = await host.remote.exec(command).then(
      (result) => result.stdout + result.stderr,
      (error: unknown) => `unreadable: ${String(error)}`,
    )
    store.write(join(folder, file), text)
  }
}
