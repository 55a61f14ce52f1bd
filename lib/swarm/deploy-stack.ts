import { createHash } from 'node:crypto'
import { eventually } from '../eventually.ts'
import { type Progress, step } from '../progress.ts'
import type { OverlaySpec, Topology } from '../topology/topology.ts'
import type { Cluster } from './cluster.ts'
import { docker, quote } from './docker.ts'
import { probeImage, taskScript } from './probe-task.ts'
import { stackNames } from './stack.ts'
import { networkScripts } from './swarm-networks.ts'

export interface DeployOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Value of the label `swarmproof` on everything that is created. */
  readonly label: string
}

const servicesAtOnce = 3
const deployWithinMs = 480_000

/** The commands that build the stack, in order; their text decides whether a saved lab still fits. */
export interface StackScript {
  readonly networks: readonly string[]
  readonly services: readonly string[]
  /** A compose file for `docker stack deploy`. */
  readonly compose: string
}

export function stackScript(topology: Topology, nodes: number, label: string): StackScript {
  const { clear, secret, publishedPort } = topology.stack
  const { networks, services } = stackNames
  const labels = `--label ${quote(`swarmproof=${label}`)}`
  const network = (name: string, ...flags: readonly string[]): string =>
    ['docker network create --driver overlay', labels, ...flags, name].filter((word) => word !== '').join(' ')
  const service = (name: string, flags: string): string =>
    [
      'docker service create --detach --quiet --no-resolve-image --stop-grace-period 1s',
      `${labels} --hostname '{{.Task.ID}}' --name ${name}`,
      `${flags} ${probeImage} sh -c ${quote(taskScript)}`,
    ].join(' ')
  const given = ({ subnet, gateway }: OverlaySpec): string => `--subnet ${subnet} --gateway ${gateway}`
  const spread = '--replicas-max-per-node 1'
  const dual = `published=${publishedPort + 1},protocol`
  return {
    networks: [
      network(networks.clear, given(clear), mtuOption(clear)),
      network(networks.secret, '--opt encrypted', given(secret), mtuOption(secret)),
      network(networks.auto, mtuOption(clear)),
      network(networks.extra, mtuOption(clear)),
    ],
    services: [
      service(
        services.web,
        `--network ${networks.clear} --replicas ${Math.max(2, nodes - 1)} ${spread} --publish ${publishedPort}:80`,
      ),
      service(services.rr, `--network ${networks.clear} --mode global --endpoint-mode dnsrr`),
      service(services.vault, `--network ${networks.secret} --mode global`),
      service(services.island, `--network ${networks.auto} --replicas 1`),
      service(services.both, `--network ${networks.clear} --network ${networks.extra} --replicas 1`),
      service(
        services.dual,
        `--network ${networks.extra} --replicas 2 ${spread} --publish ${dual}=tcp,target=80 --publish ${dual}=udp,target=${udpTargetPort} --publish ${publishedPort + 2}:80`,
      ),
      service(
        services.here,
        `--network ${networks.extra} --replicas 1 --publish mode=host,published=${publishedPort + 3},target=80`,
      ),
    ],
    compose: composeFile(label, clear),
  }
}

/** Where UDP published by `dual` arrives in its tasks. */
export const udpTargetPort = 5353

function mtuOption({ mtuBytes }: OverlaySpec): string {
  return mtuBytes === undefined ? '' : `--opt com.docker.network.driver.mtu=${mtuBytes}`
}

function composeFile(label: string, { mtuBytes }: OverlaySpec): string {
  const labels = { swarmproof: label }
  const service = (deploy: object): object => ({
    image: probeImage,
    hostname: '{{.Task.ID}}',
    command: ['sh', '-c', taskScript],
    stop_grace_period: '1s',
    deploy: { ...deploy, labels },
  })
  const options =
    mtuBytes === undefined ? {} : { driver_opts: { 'com.docker.network.driver.mtu': String(mtuBytes) } }
  // JSON is YAML, too.
  return JSON.stringify({
    version: '3.8',
    services: {
      front: service({ mode: 'global' }),
      back: service({ replicas: 1, placement: { constraints: ['node.role==manager'] } }),
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
  const script = stackScript(topology, cluster.nodes.length, options.label)
  await step(options.progress, 'Creating networks', host.name, () =>
    docker(host, `set -e\n${script.networks.join('\n')}`, { timeoutMs: 120_000 }),
  )
  // All at once, containers that start take gossip its time, nodes give each other up, and everything takes longer.
  let created = 0
  while (created < script.services.length) {
    const wave = script.services.slice(created, created + servicesAtOnce)
    await step(options.progress, 'Creating services', host.name, () =>
      docker(host, `set -e\n${wave.join('\n')}`, { timeoutMs: 120_000 }),
    )
    created += wave.length
    await tasksRunning(cluster, options, created)
  }
  const deploy = `docker stack deploy --resolve-image never --compose-file - ${stackNames.composed}`
  await step(options.progress, 'Deploying a stack', host.name, () =>
    docker(host, deploy, { timeoutMs: 120_000, input: script.compose }),
  )
  await tasksRunning(cluster, options)
}

/** Waits until every service of the stack, or as many as there are to be by now, has all its tasks running. */
export async function tasksRunning(
  cluster: Cluster,
  options: Omit<DeployOptions, 'label'>,
  services = Object.keys(stackNames.services).length,
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
        const counts = await replicaCounts(cluster)
        const running = counts.reduce((sum, count) => sum + count.running, 0)
        const wanted = counts.reduce((sum, count) => sum + count.wanted, 0)
        current.update(`${running}/${wanted}`)
        const complete = counts.length === services && running === wanted
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
