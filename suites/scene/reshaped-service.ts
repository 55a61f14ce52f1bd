import type { TestContext } from '../../lib/conformance/context.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import type { OverlayNetwork, Service, Task } from '../../lib/swarm/cluster.ts'
import { readNetwork, readService } from '../../lib/swarm/read-objects.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import type { Trial } from '../../lib/swarm/trial.ts'
import { attempt } from './attempt.ts'
import { type BareStage, lookAtBare } from './bare-stage.ts'
import { type Effect, effects } from './effects.ts'
import { stillFound, unreached } from './moved-networks.ts'
import { nameLeadsTo, virtualIpLeft } from './name-and-balancer.ts'
import { meshPort, stillAnswered, unanswered } from './opened-port.ts'
import { addressOn, taskLabel } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

/**
 * A service that is created without a network, then is given two overlays and a port by one update, and loses one
 * overlay, the port and its virtual IP by another. Beside it one that publishes and never has an overlay. In a swarm without ingress nothing
 * is published.
 */
export interface ReshapedService {
  readonly service: string
  /** Made for it, without a subnet: as it was before anything was attached. */
  readonly own: OverlayNetwork
  readonly bare: () => BareStage
  readonly given: () => GivenStage
  readonly taken: () => TakenStage
}

export interface GivenStage {
  /** The task is on both overlays, is found by name on one of them and answers there. */
  readonly networks: Effect
  /** Every node answers on the port. */
  readonly port: Effect
  readonly publishedPort: number | undefined
  /** A task on the second overlay finds its virtual IP by its name. */
  readonly virtualIp: Effect
  /** On the network of its own. */
  readonly vip: string
  /** The network of its own, now that a task is attached. */
  readonly own: OverlayNetwork
}

export interface TakenStage {
  readonly networks: Effect
  readonly port: Effect
  /** No virtual IP, a name that leads to the task, no balancing to it. */
  readonly dnsRoundRobin: Effect
}

/** Each stage has a bound of its own. */
export const reshapingLimitMs = 360_000

/** Done once per run: creating services and replacing tasks is most of the time it takes. */
export function reshapedService(context: TestContext): Promise<ReshapedService> {
  return context.once('reshaped-service', go)
}

/** What the stages work with. */
interface Reshaping {
  readonly context: Shared
  readonly trial: Trial
  readonly service: Service
  readonly own: OverlayNetwork
  /** Tasks on the second overlay it is given. */
  readonly callers: readonly Task[]
  /** One of them. */
  readonly asking: Task
}

async function go(context: Shared): Promise<ReshapedService> {
  const { stack } = context
  const callers = tasksOn(stack, 'extra').filter(({ service }) => service !== stack.services.both.name)
  const [asking] = callers
  if (asking === undefined) throw new Error(`no task on ${stack.networks.extra.name} can ask`)
  await using trial = context.trial('reshape')
  const own = await trial.network('own')
  const service = await trial.service('moving', ['--replicas=1'])
  const beside = hasIngress(stack)
    ? [await trial.service('door', ['--replicas=1', '--publish', 'target=80'])]
    : []
  await trial.running([service, ...beside], 1 + beside.length)
  const reshaping: Reshaping = { context, trial, service, own, callers, asking }
  const bare = await attempt(async () => {
    const [publishing] = beside
    const door = publishing === undefined ? undefined : await taskOf(trial, publishing)
    return lookAtBare(context, await taskOf(trial, service), door)
  })
  const given = await attempt(() => give(reshaping))
  const taken = await attempt(() => take(reshaping, given()))
  return { service: service.name, own, bare, given: () => given().stage, taken }
}

/** What was there after the first update. */
interface Given {
  readonly stage: GivenStage
  readonly task: Task
}

async function give(reshaping: Reshaping): Promise<Given> {
  const { context, trial, own, callers, asking } = reshaping
  const { cluster, stack } = context
  const { extra } = stack.networks
  const publishes = hasIngress(stack)
  // Without IPVS a published port leads nowhere: what needs it is skipped by name, and waiting for it is in vain.
  const answers = publishes && [...(await context.state()).values()].every(hasIpvs)
  const options = [
    ...['--network-add', own.name, '--network-add', extra.name],
    ...(publishes ? ['--publish-add', 'target=80'] : []),
  ]
  await trial.update(reshaping.service, options)
  let task: Task | undefined
  let service = reshaping.service
  const seen = await effects(context, `${options.join(' ')} on ${service.name}`, async () => {
    service = await readService(cluster, service.name)
    task = await taskOf(trial, service)
    const onBoth = [own, extra].filter((network) => addressOn(task as Task, network) !== '')
    const networks =
      onBoth.length < 2
        ? [`${taskLabel(task)} is on ${onBoth.map(({ name }) => name).join() || 'neither'} only`]
        : await unreached(context, callers, task, extra)
    return {
      networks,
      port: answers ? await unanswered(context, service, task) : [],
      virtualIp: await nameLeadsTo(context, asking, service.name, {
        address: service.vips[extra.id] ?? '',
        what: 'its virtual IP',
      }),
    }
  })
  if (task === undefined) throw new Error(`no task of ${service.name} was seen`)
  const stage = {
    ...seen,
    publishedPort: meshPort(service),
    vip: service.vips[own.id] ?? '',
    own: await readNetwork(cluster, own.name),
  }
  return { stage, task }
}

async function take(reshaping: Reshaping, former: Given): Promise<TakenStage> {
  const { context, trial, own, callers } = reshaping
  const { extra } = context.stack.networks
  const port = former.stage.publishedPort
  const options = [
    ...['--network-rm', extra.name],
    ...(hasIngress(context.stack) ? ['--publish-rm', '80'] : []),
    ...['--endpoint-mode', 'dnsrr'],
  ]
  await trial.update(reshaping.service, options)
  return effects(context, `${options.join(' ')} on ${reshaping.service.name}`, async () => {
    const task = await taskOf(trial, reshaping.service)
    const networks = [
      ...(addressOn(task, extra) === '' ? [] : [`${taskLabel(task)} still is on ${extra.name}`]),
      ...(addressOn(task, own) === '' ? [`${taskLabel(task)} is not on ${own.name}`] : []),
    ]
    const hostnames = new Set([task.hostname, former.task.hostname])
    return {
      networks:
        networks.length > 0
          ? networks
          : await stillFound(context, callers, reshaping.service, addressOn(former.task, extra)),
      port: port === undefined ? [] : await stillAnswered(context, port, hostnames),
      dnsRoundRobin: [
        ...(await virtualIpLeft(context, reshaping.service, own, { task, vip: former.stage.vip })),
        ...(await nameLeadsTo(context, task, task.service, {
          address: addressOn(task, own),
          what: 'its task',
        })),
      ],
    }
  })
}

function hasIpvs({ kernelModules }: HostState): boolean {
  return kernelModules.ip_vs !== false
}

async function taskOf(trial: Trial, service: { readonly name: string }): Promise<Task> {
  const tasks = await trial.tasks(service)
  const [task] = tasks
  if (task === undefined || tasks.length > 1) throw new Error(`${tasks.length} tasks of ${service.name} run`)
  return task
}
