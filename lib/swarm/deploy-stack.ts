import { createHash } from 'node:crypto'
import { eventually } from '../eventually.ts'
import { type Progress, step } from '../progress.ts'
import type { Topology } from '../topology/topology.ts'
import type { Cluster } from './cluster.ts'
import { docker, quote } from './docker.ts'
import { probeImage, taskScript } from './probe-task.ts'
import { stackNames } from './stack.ts'

export interface DeployOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Value of the label `swarmproof` on everything that is created. */
  readonly label: string
}

const deployWithinMs = 240_000

/** The docker commands that build the stack; their text decides whether a saved lab still fits. */
export function stackScript(
  topology: Topology,
  nodes: number,
  label: string,
): { networks: string[]; services: string[] } {
  const { clear, secret, publishedPort } = topology.stack
  const { networks, services } = stackNames
  const network = (name: string, flags: string): string =>
    `docker network create --driver overlay --label ${quote(`swarmproof=${label}`)} ${flags} ${name}`.replaceAll(
      '  ',
      ' ',
    )
  const service = (name: string, flags: string): string =>
    [
      'docker service create --detach --quiet --no-resolve-image --stop-grace-period 1s',
      `--label ${quote(`swarmproof=${label}`)} --hostname '{{.Task.ID}}' --name ${name}`,
      `${flags} ${probeImage} sh -c ${quote(taskScript)}`,
    ].join(' ')
  return {
    networks: [
      network(networks.clear, `--subnet ${clear.subnet} --gateway ${clear.gateway}`),
      network(networks.secret, `--opt encrypted --subnet ${secret.subnet} --gateway ${secret.gateway}`),
      network(networks.auto, ''),
    ],
    services: [
      service(
        services.web,
        `--network ${networks.clear} --replicas ${Math.max(2, nodes - 1)} --replicas-max-per-node 1 --publish ${publishedPort}:80`,
      ),
      service(services.rr, `--network ${networks.clear} --mode global --endpoint-mode dnsrr`),
      service(services.vault, `--network ${networks.secret} --mode global`),
      service(services.island, `--network ${networks.auto} --replicas 1`),
    ],
  }
}

/** Changes whenever the commands that build the stack change. */
export function stackRecipe(topology: Topology): string {
  const script = stackScript(topology, topology.nodes.length, 'recipe')
  return createHash('sha256').update(JSON.stringify(script)).digest('hex').slice(0, 16)
}

/** Creates the stack's networks and services and waits until every task runs. */
export async function deployStack(
  topology: Topology,
  cluster: Cluster,
  options: DeployOptions,
): Promise<void> {
  const { host } = cluster.manager
  const script = stackScript(topology, cluster.nodes.length, options.label)
  await step(options.progress, 'Creating networks', host.name, () =>
    docker(host, `set -e\n${script.networks.join('\n')}`, { timeoutMs: 120_000 }),
  )
  await step(options.progress, 'Creating services', host.name, () =>
    docker(host, `set -e\n${script.services.join('\n')}`, { timeoutMs: 120_000 }),
  )
  await tasksRunning(cluster, options)
}

/** Waits until every service of the stack has all its tasks running. */
export async function tasksRunning(cluster: Cluster, options: Omit<DeployOptions, 'label'>): Promise<void> {
  const { host } = cluster.manager
  await step(options.progress, 'Waiting for tasks', undefined, (current) =>
    eventually(
      {
        what: 'every task of the stack runs',
        withinMs: deployWithinMs,
        everyMs: 1500,
        signal: options.signal,
        host: host.name,
      },
      async () => {
        const counts = await replicaCounts(cluster)
        const running = counts.reduce((sum, count) => sum + count.running, 0)
        const wanted = counts.reduce((sum, count) => sum + count.wanted, 0)
        current.update(`${running}/${wanted}`)
        const complete = counts.length === Object.keys(stackNames.services).length && running === wanted
        if (complete) return { ready: true, value: undefined }
        return { ready: false, seen: await pendingTasks(cluster, counts) }
      },
    ),
  )
}

interface ReplicaCount {
  readonly name: string
  readonly running: number
  readonly wanted: number
}

async function replicaCounts(cluster: Cluster): Promise<ReplicaCount[]> {
  const names: readonly string[] = Object.values(stackNames.services)
  const output = await docker(cluster.manager.host, "docker service ls --format '{{.Name}} {{.Replicas}}'")
  return output
    .trim()
    .split('\n')
    .map((line) => /^(\S+) (\d+)\/(\d+)/.exec(line))
    .filter((match) => match !== null && names.includes(match[1] ?? ''))
    .map((match) => ({ name: match?.[1] ?? '', running: Number(match?.[2]), wanted: Number(match?.[3]) }))
}

async function pendingTasks(cluster: Cluster, counts: readonly ReplicaCount[]): Promise<string> {
  const short = counts.filter((count) => count.running < count.wanted).map((count) => count.name)
  if (short.length === 0) return 'services are missing from the list'
  const format = "'{{.Name}} on {{.Node}}: {{.CurrentState}} {{.Error}}'"
  const script = `docker service ps --filter desired-state=running --format ${format} ${short.join(' ')}`
  const lines = (await docker(cluster.manager.host, script)).trim().split('\n')
  return lines.filter((line) => !line.includes(': Running')).join('; ')
}
