import { createHash } from 'node:crypto'
import { firstLineOf, SwarmproofError } from '../error.ts'
import { eventually, Unhelped } from '../eventually.ts'
import { type Progress, step } from '../progress.ts'
import type { OverlaySpec, StackSpec, Topology } from '../topology/topology.ts'
import type { Cluster } from './cluster.ts'
import { labImage } from '../loaded-image.ts'
import { type Script, scriptLines, sh } from '../script.ts'
import { docker } from './docker.ts'
import { probeImageOf, type ProbeTask, taskScript } from './probe-task.ts'
import { type StackNames, stackNames, stackPorts } from './stack.ts'
import { readRefusedTasks, type RefusedTask } from './refused-tasks.ts'
import { networkScripts } from './swarm-networks.ts'
import { taskCounts } from './task-counts.ts'
import { waves } from './waves.ts'

export interface DeployOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Value of the label `swarmproof` on everything that is created. */
  readonly label: string
  /** Of a swarm that is somebody's; that of a lab where not given. */
  readonly room?: StackRoom
}

/** What a swarm has room for. */
export interface StackRoom {
  /** Nodes that take tasks. */
  readonly nodes: number
  /** Whether a manager is among them. */
  readonly manager: boolean
  /** Whether there is an ingress network to publish through. */
  readonly ingress: boolean
}

/** Roles of the services that are created by themselves; the others come with the compose file. */
const createdServices = ['web', 'rr', 'vault', 'island', 'both', 'dual', 'here'] as const
const deployWithinMs = 480_000
/** A task that an engine refuses is refused again after five seconds: without any other that starts meanwhile, it stays so. */
const stuckAfterMs = 60_000

/** Engines refuse tasks, and will not run them however long is waited. */
class TasksRefused extends Unhelped {}

/** The commands that build the stack, in order; their text decides whether a saved lab still fits. */
export interface StackScript {
  readonly networks: readonly Script[]
  /** In the order of `createdServices`. */
  readonly services: readonly Script[]
  /** A compose file for `docker stack deploy`. */
  readonly compose: string
}

export function stackScript(topology: Topology, nodes: number, label: string): StackScript {
  return scriptFor(topology, { nodes, manager: true, ingress: true }, label)
}

/** As `stackScript`, for a swarm that may lack what labs have. */
export function scriptFor(topology: Topology, room: StackRoom, label: string): StackScript {
  const { stack } = topology
  const { clear, secret } = stack
  const { networks, services } = stackNames(stack)
  const labels = ['--label', `swarmproof=${label}`]
  const network = (name: string, ...options: readonly string[]): Script =>
    sh`docker network create --driver overlay ${labels} ${options} ${name}`
  const given = ({ subnet, gateway }: OverlaySpec): string[] => ['--subnet', subnet, '--gateway', gateway]
  const options = serviceOptions(topology, room)
  return {
    networks: [
      network(networks.clear, ...given(clear), ...mtuOption(clear)),
      network(networks.secret, '--opt', 'encrypted', ...given(secret), ...mtuOption(secret)),
      network(networks.auto, ...mtuOption(clear)),
      network(networks.extra, ...mtuOption(clear)),
    ],
    services: createdServices.map((role) => {
      const all = [...labels, '--hostname', '{{.Task.ID}}', '--name', services[role], ...options[role]]
      return sh`docker service create --detach --quiet --no-resolve-image --stop-grace-period 1s ${all} ${memoryLimit(stack)} ${probeImageOf(stack)} sh -c ${taskScript(stack)}`
    }),
    compose: composeFile(stack, room, label),
  }
}

function serviceOptions(
  { stack }: Topology,
  room: StackRoom,
): Readonly<Record<(typeof createdServices)[number], readonly string[]>> {
  const { networks } = stackNames(stack)
  const tasks = taskCounts(room.nodes)
  const ports = stackPorts(stack)
  const on = (...names: readonly string[]): string[] => names.flatMap((name) => ['--network', name])
  const publish = (...given: readonly string[]): string[] =>
    room.ingress ? given.flatMap((port) => ['--publish', port]) : []
  const spread = (count: number): string[] => ['--replicas', String(count), '--replicas-max-per-node', '1']
  const dual = `published=${ports.dual},protocol`
  return {
    web: [...on(networks.clear), ...spread(tasks.web), ...publish(`${ports.web}:80`)],
    rr: [...on(networks.clear), '--mode', 'global', '--endpoint-mode', 'dnsrr'],
    vault: [...on(networks.secret), '--mode', 'global'],
    island: [...on(networks.auto), '--replicas', '1'],
    both: [...on(networks.clear, networks.extra), '--replicas', '1'],
    dual: [
      ...on(networks.extra),
      ...spread(tasks.dual),
      ...publish(`${dual}=tcp,target=80`, `${dual}=udp,target=${udpTargetPort}`, `${ports.dualShort}:80`),
    ],
    here: [
      ...on(networks.extra),
      ...['--replicas', '1', '--publish', `mode=host,published=${ports.here},target=80`],
    ],
  }
}

/** Where UDP published by `dual` arrives in its tasks. */
export const udpTargetPort = 5353

function mtuOption({ mtuBytes }: OverlaySpec): string[] {
  return mtuBytes === undefined ? [] : ['--opt', `com.docker.network.driver.mtu=${mtuBytes}`]
}

function memoryLimit({ taskMemoryMib }: StackSpec): string[] {
  return taskMemoryMib === undefined ? [] : ['--limit-memory', `${taskMemoryMib}M`]
}

function composeFile(stack: StackSpec, room: StackRoom, label: string): string {
  const { taskMemoryMib } = stack
  const { mtuBytes } = stack.clear
  const labels = { swarmproof: label }
  const limits = taskMemoryMib === undefined ? {} : { resources: { limits: { memory: `${taskMemoryMib}M` } } }
  const service = (deploy: object): object => ({
    image: probeImageOf(stack),
    hostname: '{{.Task.ID}}',
    command: ['sh', '-c', taskScript(stack)],
    stop_grace_period: '1s',
    deploy: { ...deploy, ...limits, labels },
  })
  const options =
    mtuBytes === undefined ? {} : { driver_opts: { 'com.docker.network.driver.mtu': String(mtuBytes) } }
  const onManager = { placement: { constraints: ['node.role==manager'] } }
  // JSON is YAML, too.
  return JSON.stringify({
    version: '3.8',
    services: {
      front: service({ mode: 'global' }),
      back: service({ replicas: room.manager ? 1 : 0, ...onManager }),
    },
    networks: { default: { driver: 'overlay', labels, ...options } },
  })
}

/** The same topology, whose stack is of these tasks. */
export function withProbeTask(topology: Topology, { image, nonce }: ProbeTask): Topology {
  return { ...topology, stack: { ...topology.stack, probeImage: image, probeNonce: nonce } }
}

/** Changes whenever the commands that build the stack change. */
export function stackRecipe(topology: Topology): string {
  const any = withProbeTask(topology, { image: labImage, nonce: '0'.repeat(24) })
  const script = stackScript(any, topology.nodes.length, 'recipe')
  return createHash('sha256')
    .update(JSON.stringify([script, networkScripts(topology)]))
    .digest('hex')
    .slice(0, 16)
}

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
        withinMs: options.withinMs ?? deployWithinMs,
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

async function replicaCounts({ services }: StackNames, cluster: Cluster): Promise<ReplicaCount[]> {
  const names: readonly string[] = Object.values(services)
  const output = await docker(
    cluster.manager.host,
    sh`docker service ls --format ${'{{.Name}} {{.Replicas}}'}`,
  )
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
  const format = '{{.Name}} on {{.Node}}: {{.CurrentState}} {{.Error}}'
  const script = sh`docker service ps --filter desired-state=running --format ${format} ${short}`
  const lines = (await docker(cluster.manager.host, script)).trim().split('\n')
  return lines.filter((line) => !line.includes(': Running')).join('; ')
}
