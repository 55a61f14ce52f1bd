import { createHash } from 'node:crypto'
import type { OverlaySpec, StackSpec, Topology } from '../topology/topology.ts'
import { labImage } from '../loaded-image.ts'
import { type Script, sh } from '../script.ts'
import { probeImageOf, type ProbeTask, taskScript } from './probe-task.ts'
import { stackNames, stackPorts } from './stack.ts'
import { networkScripts } from './swarm-networks.ts'
import { taskCounts } from './task-counts.ts'

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
export const createdServices = ['web', 'rr', 'vault', 'island', 'both', 'dual', 'here'] as const

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
