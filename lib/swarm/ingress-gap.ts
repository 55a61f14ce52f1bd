import { SwarmproofError } from '../error.ts'
import type { Topology } from '../topology/topology.ts'
import type { Cluster } from './cluster.ts'
import { tasksRunning } from './deploy-stack.ts'
import { stackScript } from './stack-script.ts'
import { docker } from './docker.ts'
import { scriptLines, sh } from '../script.ts'
import { readIngressSpec, createIngress, removeIngress } from './swarm-networks.ts'
import type { Stack } from './stack.ts'
import type { Trial } from './trial.ts'

export interface IngressGapOptions {
  readonly topology: Topology
  readonly cluster: Cluster
  readonly stack: Stack
  /** Removes services and waits for their tasks to end. */
  readonly trial: Trial
  readonly label: string
  readonly signal: AbortSignal
}

/**
 * Removes the services of the stack that publish through ingress, then ingress; does `work`; puts both back as they
 * were, whatever happened. Their ids, tasks and addresses are others afterwards.
 */
export async function withoutIngress<T>(options: IngressGapOptions, work: () => Promise<T>): Promise<T> {
  const { cluster, stack, topology, signal, label } = options
  const { host } = cluster.manager
  const publishing = Object.values(stack.services).filter(({ published }) =>
    published.some(({ mode }) => mode === 'ingress'),
  )
  const spec = await readIngressSpec(cluster)
  if (spec === undefined)
    throw new SwarmproofError({ code: 'NO_INGRESS', what: 'there is no ingress network', host: host.name })
  try {
    for (const service of publishing) await options.trial.removeService(service)
    await removeIngress(host, signal)
    return await work()
  } finally {
    const there = await readIngressSpec(cluster)
    if (there === undefined) await docker(host, createIngress(spec), { timeoutMs: 60_000 })
    const names = (await docker(host, sh`docker service ls --format ${'{{.Name}}'}`)).split('\n')
    const commands = stackScript(topology, cluster.nodes.length, label).services.filter((command) =>
      publishing.some(({ name }) => !names.includes(name) && command.text.includes(` --name ${name} `)),
    )
    if (commands.length > 0) await docker(host, sh`set -e; ${scriptLines(commands)}`, { timeoutMs: 120_000 })
    await tasksRunning(stack.names, cluster, { signal, progress: silent })
  }
}

const silent = {
  begin: () => ({ update: () => undefined, done: () => undefined, failed: () => undefined }),
  note: () => undefined,
}

/** Names of the stack's services that publish nothing through ingress. */
export function unpublishedServices(stack: Stack): string[] {
  return Object.values(stack.names.services).filter((name) =>
    Object.values(stack.services).some(
      (service) => service.name === name && service.published.every(({ mode }) => mode !== 'ingress'),
    ),
  )
}
