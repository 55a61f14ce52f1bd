import { boundAmong } from '../bound-among.ts'
import { firstLineOf, SwarmproofError } from '../error.ts'
import { eventually, Unhelped } from '../eventually.ts'
import { type Progress, step } from '../progress.ts'
import type { Topology } from '../topology/topology.ts'
import type { Cluster } from './cluster.ts'
import { scriptLines, sh } from '../script.ts'
import { docker } from './docker.ts'
import { engineOf } from './engine-of.ts'
import { type StackNames, stackNames } from './stack.ts'
import { readRefusedTasks, type RefusedTask } from './refused-tasks.ts'
import { taskCounts } from './task-counts.ts'
import { waves } from './waves.ts'
import { createdServices, scriptFor, type StackRoom } from './stack-script.ts'

export interface DeployOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Value of the label `swarmproof` on everything that is created. */
  readonly label: string
  /** Of a swarm that is somebody's; that of a lab where not given. */
  readonly room?: StackRoom
}

const deployWithinMs = 480_000
/** A task that an engine refuses is refused again after five seconds: without any other that starts meanwhile, it stays so. */
const stuckAfterMs = 60_000

/** Engines refuse tasks, and will not run them however long is waited. */
class TasksRefused extends Unhelped {}

/**
 * Creates the stack's networks and services and waits until every task runs. Where some do not come to run within the
 * bound, the rest is created all the same, so that the network can be verified as far as it goes.
 *
 * @returns tasks that do not run; empty where all do
 */
export async function deployStack(
  topology: Topology,
  cluster: Cluster,
  options: DeployOptions,
): Promise<readonly RefusedTask[]> {
  const { host } = cluster.manager
  const names = stackNames(topology.stack)
  const room = options.room ?? { nodes: cluster.nodes.length, manager: true, ingress: true }
  const script = scriptFor(topology, room, options.label)
  await step(options.progress, 'Creating networks', host.name, () =>
    docker(host, sh`set -e; ${scriptLines(script.networks)}`, { timeoutMs: 120_000 }),
  )
  const tasks = taskCounts(room.nodes)
  const services = createdServices.map((role, index) => ({
    command: script.services[index] ?? sh`false`,
    tasks: tasks[role],
  }))
  let created = 0
  let complete = true
  for (const wave of waves(services)) {
    const commands = scriptLines(wave.map(({ command }) => command))
    await step(options.progress, 'Creating services', host.name, () =>
      docker(host, sh`set -e; ${commands}`, { timeoutMs: 120_000 }),
    )
    created += wave.length
    // What hosts carry is a matter of waves; once some tasks do not come, there is nothing to wait for.
    if (complete) complete = await allRun(names, cluster, options, created)
  }
  const deploy = sh`docker stack deploy --resolve-image never --compose-file - ${names.composed}`
  await step(options.progress, 'Deploying a stack', host.name, () =>
    docker(host, deploy, { timeoutMs: 120_000, input: script.compose }),
  )
  const within = complete ? {} : { withinMs: restWithinMs }
  if (await allRun(names, cluster, { ...options, ...within })) return []
  return readRefusedTasks(cluster, names)
}

/** For those tasks that can run beside others that cannot. */
const restWithinMs = 60_000

/** Whether all tasks came to run within the bound. */
async function allRun(
  names: StackNames,
  cluster: Cluster,
  options: Parameters<typeof tasksRunning>[2],
  services?: number,
): Promise<boolean> {
  try {
    await tasksRunning(names, cluster, options, services)
    return true
  } catch (error) {
    options.signal.throwIfAborted()
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
    options.progress.note(`Not every task of the stack runs: ${error.detail.observed ?? firstLineOf(error)}`)
    return false
  }
}

/** Waits until every service of the stack, or as many as there are to be by now, has all its tasks running. */
export async function tasksRunning(
  names: StackNames,
  cluster: Cluster,
  options: Pick<DeployOptions, 'progress' | 'signal'> & { readonly withinMs?: number },
  services = Object.keys(names.services).length,
): Promise<void> {
  const { host } = cluster.manager
  let most = -1
  let progressAt = performance.now()
  await step(options.progress, 'Waiting for tasks', undefined, (current) =>
    eventually(
      {
        what: 'every task of the stack runs',
        withinMs: boundAmong(cluster.nodes.length, options.withinMs ?? deployWithinMs),
        everyMs: 1500,
        signal: options.signal,
        host: host.name,
      },
      async () => {
        const counts = await replicaCounts(names, cluster)
        const running = counts.reduce((sum, count) => sum + count.running, 0)
        const wanted = counts.reduce((sum, count) => sum + count.wanted, 0)
        current.update(`${running}/${wanted}`)
        const complete = counts.length === services && running === wanted
        if (complete) return { ready: true, value: undefined }
        if (running > most) [most, progressAt] = [running, performance.now()]
        if (performance.now() - progressAt > stuckAfterMs) await throwIfRefused(cluster, names)
        return { ready: false, seen: () => pendingTasks(cluster, counts) }
      },
    ),
  )
}

/** @throws TasksRefused where engines refuse tasks: waiting does not help */
async function throwIfRefused(cluster: Cluster, names: StackNames): Promise<void> {
  const refused = (await readRefusedTasks(cluster, names)).filter(({ error }) => error !== '')
  const [first] = refused
  if (first === undefined) return
  throw new TasksRefused({
    code: 'BOUND_EXCEEDED',
    what: `${refused.length} tasks of the stack are refused again and again`,
    ...(first.node === undefined ? {} : { host: first.node }),
    observed: `${first.service}: ${first.error}`,
  })
}

interface ReplicaCount {
  readonly name: string
  readonly running: number
  readonly wanted: number
}

/** Source: Docker Engine API 1.41 (20.10) and later, `ServiceStatus`; a service that was just made may lack it. */
async function replicaCounts({ services }: StackNames, { manager }: Cluster): Promise<ReplicaCount[]> {
  const names: readonly string[] = Object.values(services)
  const found = await engineOf(manager.host).list('/services', {
    filters: { name: names, label: ['swarmproof'] },
    status: true,
  })
  // Names are looked for by their beginning; with the label, none is anybody else's.
  return (found as ApiCounted[])
    .filter(({ Spec }) => names.includes(Spec.Name))
    .map(({ Spec: { Name: name }, ServiceStatus: status }) => ({
      ...{ name, running: status?.RunningTasks ?? 0, wanted: status?.DesiredTasks ?? 1 },
    }))
}

interface ApiCounted {
  readonly Spec: { readonly Name: string }
  readonly ServiceStatus?: { readonly RunningTasks: number; readonly DesiredTasks: number }
}

async function pendingTasks(cluster: Cluster, counts: readonly ReplicaCount[]): Promise<string> {
  const short = counts.filter((count) => count.running < count.wanted).map((count) => count.name)
  if (short.length === 0) return 'services are missing from the list'
  const format = '{{.Name}} on {{.Node}}: {{.CurrentState}} {{.Error}}'
  const script = sh`docker service ps --filter desired-state=running --format ${format} ${short}`
  const lines = (await docker(cluster.manager.host, script)).trim().split('\n')
  return lines.filter((line) => !line.includes(': Running')).join('; ')
}
