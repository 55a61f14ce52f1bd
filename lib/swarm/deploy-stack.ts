import { createHash } from 'node:crypto'
import { eventually } from '../eventually.ts'
import { type Progress, step } from '../progress.ts'
import type { OverlaySpec, StackSpec, Topology } from '../topology/topology.ts'
import type { Cluster } from './cluster.ts'
import { quote } from '../remote/script.ts'
import { docker } from './docker.ts'
import { probeImageOf, taskScript } from './probe-task.ts'
import { type StackNames, stackNames, stackPorts } from './stack.ts'
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

/** The commands that build the stack, in order; their text decides whether a saved lab still fits. */
export interface StackScript {
  readonly networks: readonly string[]
  /** In the order of `createdServices`. */
  readonly services: readonly string[]
  /** A compose file for `docker stack deploy`. */
  readonly compose: string
}

export function stackScript(topology: Topology, nodes: number, label: string): StackScript {
  return scriptFor(topology, { nodes, manager: true, ingress: true }, label)
}

/** As `stackScript`, for a swarm that may lack what labs have. */
export function scriptFor(topology: Topology, room: StackRoom, label: string): StackScript {
  const { clear, secret } = topology.stack
  const { networks, services } = stackNames(topology.stack)
  const tasks = taskCounts(room.nodes)
  const ports = stackPorts(topology.stack)
  const labels = `--label ${quote(`swarmproof=${label}`)}`
  const network = (name: string, ...flags: readonly string[]): string =>
    ['docker network create --driver overlay', labels, ...flags, name].filter((word) => word !== '').join(' ')
  const service = (name: string, flags: string): string =>
    [
      'docker service create --detach --quiet --no-resolve-image --stop-grace-period 1s',
      `${labels} --hostname '{{.Task.ID}}' --name ${name}`,
      `${flags}${memoryLimit(topology.stack)} ${probeImageOf(topology.stack)} sh -c ${quote(taskScript)}`,
    ].join(' ')
  const given = ({ subnet, gateway }: OverlaySpec): string => `--subnet ${subnet} --gateway ${gateway}`
  const publish = (flags: string): string => (room.ingress ? ` ${flags}` : '')
  const spread = '--replicas-max-per-node 1'
  const dual = `published=${ports.dual},protocol`
  const flags: Readonly<Record<(typeof createdServices)[number], string>> = {
    web: `--network ${networks.clear} --replicas ${tasks.web} ${spread}${publish(`--publish ${ports.web}:80`)}`,
    rr: `--network ${networks.clear} --mode global --endpoint-mode dnsrr`,
    vault: `--network ${networks.secret} --mode global`,
    island: `--network ${networks.auto} --replicas 1`,
    both: `--network ${networks.clear} --network ${networks.extra} --replicas 1`,
    dual: `--network ${networks.extra} --replicas ${tasks.dual} ${spread}${publish(
      `--publish ${dual}=tcp,target=80 --publish ${dual}=udp,target=${udpTargetPort} --publish ${ports.dualShort}:80`,
    )}`,
    here: `--network ${networks.extra} --replicas 1 --publish mode=host,published=${ports.here},target=80`,
  }
  return {
    networks: [
      network(networks.clear, given(clear), mtuOption(clear)),
      network(networks.secret, '--opt encrypted', given(secret), mtuOption(secret)),
      network(networks.auto, mtuOption(clear)),
      network(networks.extra, mtuOption(clear)),
    ],
    services: createdServices.map((role) => service(services[role], flags[role])),
    compose: composeFile(topology.stack, room, label),
  }
}

/** Where UDP published by `dual` arrives in its tasks. */
export const udpTargetPort = 5353

function mtuOption({ mtuBytes }: OverlaySpec): string {
  return mtuBytes === undefined ? '' : `--opt com.docker.network.driver.mtu=${mtuBytes}`
}

function memoryLimit({ taskMemoryMib }: StackSpec): string {
  return taskMemoryMib === undefined ? '' : ` --limit-memory ${taskMemoryMib}M`
}

function composeFile(stack: StackSpec, room: StackRoom, label: string): string {
  const { taskMemoryMib } = stack
  const { mtuBytes } = stack.clear
  const labels = { swarmproof: label }
  const limits = taskMemoryMib === undefined ? {} : { resources: { limits: { memory: `${taskMemoryMib}M` } } }
  const service = (deploy: object): object => ({
    image: probeImageOf(stack),
    hostname: '{{.Task.ID}}',
    command: ['sh', '-c', taskScript],
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

/** Changes whenever the commands that build the stack change. */
export function stackRecipe(topology: Topology): string {
  const script = stackScript(topology, topology.nodes.length, 'recipe')
  return createHash('sha256')
    .update(JSON.stringify([script, networkScripts(topology)]))
    .digest('hex')
    .slice(0, 16)
}

/** Creates the stack's networks and services and waits until every task runs. */
export async function deployStack(
  topology: Topology,
  cluster: Cluster,
  options: DeployOptions,
): Promise<void> {
  const { host } = cluster.manager
  const names = stackNames(topology.stack)
  const room = options.room ?? { nodes: cluster.nodes.length, manager: true, ingress: true }
  const script = scriptFor(topology, room, options.label)
  await step(options.progress, 'Creating networks', host.name, () =>
    docker(host, `set -e\n${script.networks.join('\n')}`, { timeoutMs: 120_000 }),
  )
  const tasks = taskCounts(room.nodes)
  const services = createdServices.map((role, index) => ({
    command: script.services[index] ?? '',
    tasks: tasks[role],
  }))
  let created = 0
  for (const wave of waves(services)) {
    const commands = wave.map(({ command }) => command).join('\n')
    await step(options.progress, 'Creating services', host.name, () =>
      docker(host, `set -e\n${commands}`, { timeoutMs: 120_000 }),
    )
    created += wave.length
    await tasksRunning(names, cluster, options, created)
  }
  const deploy = `docker stack deploy --resolve-image never --compose-file - ${names.composed}`
  await step(options.progress, 'Deploying a stack', host.name, () =>
    docker(host, deploy, { timeoutMs: 120_000, input: script.compose }),
  )
  await tasksRunning(names, cluster, options)
}

/** Waits until every service of the stack, or as many as there are to be by now, has all its tasks running. */
export async function tasksRunning(
  names: StackNames,
  cluster: Cluster,
  options: Pick<DeployOptions, 'progress' | 'signal'>,
  services = Object.keys(names.services).length,
): Promise<void> {
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
        const counts = await replicaCounts(names, cluster)
        const running = counts.reduce((sum, count) => sum + count.running, 0)
        const wanted = counts.reduce((sum, count) => sum + count.wanted, 0)
        current.update(`${running}/${wanted}`)
        const complete = counts.length === services && running === wanted
        if (complete) return { ready: true, value: undefined }
        return { ready: false, seen: () => pendingTasks(cluster, counts) }
      },
    ),
  )
}

interface ReplicaCount {
  readonly name: string
  readonly running: number
  readonly wanted: number
}

async function replicaCounts({ services }: StackNames, cluster: Cluster): Promise<ReplicaCount[]> {
  const names: readonly string[] = Object.values(services)
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
