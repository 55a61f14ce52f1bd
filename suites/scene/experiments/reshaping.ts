import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { taskFacts } from '../../../lib/conformance/facts.ts'
import { observePart } from '../../../lib/conformance/missing.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { Inconclusive } from '../../../lib/inconclusive.ts'
import type { NetworkFacts, TaskFacts } from '../../../lib/observation/facts.ts'
import type { Part } from '../../../lib/observation/part.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import type { OverlayNetwork, Service, Task } from '../../../lib/swarm/cluster.ts'
import { hasIngress } from '../../../lib/swarm/no-ingress.ts'
import { readNetwork, readService } from '../../../lib/swarm/read-objects.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import type { Trial } from '../../../lib/swarm/trial.ts'
import { type BareSeen, lookAtBareTasks } from './bare-seen.ts'
import { pollEffect } from '../polling/effects.ts'
import { meshPort } from '../recordings/mesh.ts'
import { addressOn } from '../sending/pair.ts'
import type { GivenLook, Reshaping, TakenLook } from './reshaping-looks.ts'
import { askGiven, askTaken } from './reshaping-probes.ts'
import {
  givenNetworkProblems,
  givenPortProblems,
  takenNetworkProblems,
  takenPortProblems,
} from '../judging/reshaping-problems.ts'
import { tasksAt } from '../sending/counted.ts'

/**
 * A service that is created without a network, then is given two overlays and a port by one update, and loses one
 * overlay and the port by another. Beside it one that publishes and never has an overlay. In a swarm without ingress
 * nothing is published.
 */
export interface Reshaped {
  readonly service: string
  /** Made for it, without a subnet: as it was before anything was attached. */
  readonly own: NetworkFacts
  readonly bare: Part<BareSeen>
  readonly given: Part<Given>
  readonly taken: Part<Taken>
}

export interface Given {
  /** Options of the update. */
  readonly options: readonly string[]
  readonly polled: Polled<GivenLook>
  /** The network of its own, now that a task is attached. */
  readonly own: NetworkFacts
}

export interface Taken {
  readonly options: readonly string[]
  /** The task it had before. */
  readonly former: TaskFacts
  /** Null where none was ever published. */
  readonly formerPort: number | null
  readonly polled: Polled<TakenLook>
}

/** Each stage has a bound of its own. */
export const reshapingLimitMs = 360_000

/** Of the service that is reshaped, and of the one beside it. */
export const reshapingTasks = 2

/** Creating services and replacing tasks is most of the time it takes. */
export const reshaped = scene('reshaped-service', reshape, {
  probes(lab) {
    const { nodes, services, networks } = lab.facts
    const callers = tasksAt(lab, 'extra').filter(({ service }) => service !== services.both.name).length
    const asked = networks.ingress === undefined ? 0 : nodes.length
    const given = usualLooks * asked + 2 * callers
    const taken = usualLooks * (2 * callers + asked)
    return bareTries + given + taken
  },
})

/** Requests to and from tasks without an overlay, and looks until an update shows, of which the last asks callers: as seen. */
const bareTries = 10
const usualLooks = 3

/** What the stages work with. */
interface Stages {
  readonly lab: ObserveContext
  readonly trial: Trial
  readonly service: Service
  readonly own: OverlayNetwork
  /** Tasks on the second overlay it is given. */
  readonly callers: readonly Task[]
  readonly of: Reshaping
}

async function reshape(lab: ObserveContext): Promise<Reshaped> {
  const { stack } = lab
  const { extra } = stack.networks
  const callers = tasksOn(stack, 'extra').filter(({ service }) => service !== stack.services.both.name)
  if (callers.length === 0) throw new Inconclusive(`no task on ${extra.name} can ask`)
  await using trial = lab.trial('reshape')
  const own = await trial.network('own')
  const service = await trial.service('moving', ['--replicas=1'])
  const beside = hasIngress(stack)
    ? [await trial.service('door', ['--replicas=1', '--publish', 'target=80'])]
    : []
  await trial.running([service, ...beside], 1 + beside.length)
  const of = { service: service.name, manager: lab.facts.manager, own: own.name, extra: extra.name }
  const stages: Stages = { lab, trial, service, own, callers, of }
  const [publishing] = beside
  const looked = await observePart(async () => {
    const door = publishing === undefined ? undefined : await onlyTask(trial, publishing)
    return lookAtBareTasks(lab, await onlyTask(trial, service), door)
  })
  const bare = 'got' in looked ? looked.got : looked
  const given = await observePart(() => give(stages))
  const taken = 'got' in given ? await observePart(() => take(stages, given.got)) : given
  return { service: service.name, own: networkFacts(own), bare, given, taken }
}

async function give({ lab, trial, service, own, callers, of }: Stages): Promise<Given> {
  const { cluster, stack, facts } = lab
  const { extra } = stack.networks
  const publishes = hasIngress(stack)
  // Without IPVS a published port leads nowhere: what needs it is skipped by name, and waiting for it is in vain.
  const answers = publishes && facts.nodes.every(({ modules }) => modules.ip_vs !== false)
  const options = [
    ...['--network-add', own.name, '--network-add', extra.name],
    ...(publishes ? ['--publish-add', 'target=80'] : []),
  ]
  await trial.update(service, options)
  const polled = await pollEffect(
    lab,
    `${options.join(' ')} on ${service.name}`,
    async (): Promise<GivenLook> => {
      const now = await readService(cluster, service.name)
      const task = await onlyTask(trial, now)
      const onBoth = [own, extra].every((network) => addressOn(task, network) !== '')
      const port = meshPort(now)
      const looked = await askGiven(lab, { task, callers: onBoth ? callers : [], network: extra, port })
      return { publishedPort: port ?? null, task: taskFacts(task), looked }
    },
    (seen) => [...givenNetworkProblems(seen, of, facts), ...(answers ? givenPortProblems(seen, of) : [])],
  )
  return { options, polled, own: networkFacts(await readNetwork(cluster, own.name)) }
}

async function take({ lab, trial, service, callers, of }: Stages, given: Given): Promise<Taken> {
  const { stack, facts } = lab
  const { publishedPort: formerPort, task: former } = given.polled.last
  const options = [...['--network-rm', of.extra], ...(hasIngress(stack) ? ['--publish-rm', '80'] : [])]
  await trial.update(service, options)
  const formerAddress = former.endpoints[of.extra]?.address ?? ''
  const polled = await pollEffect(
    lab,
    `${options.join(' ')} on ${service.name}`,
    async (): Promise<TakenLook> => {
      const task = taskFacts(await onlyTask(trial, service))
      const asked = { service: service.name, callers, formerAddress, port: formerPort ?? undefined }
      return { task, looked: await askTaken(lab, asked) }
    },
    (seen) => [
      ...takenNetworkProblems(seen, of, facts),
      ...takenPortProblems(seen, { former, formerPort }, of),
    ],
  )
  return { options, former, formerPort, polled }
}

async function onlyTask(trial: Trial, service: { readonly name: string }): Promise<Task> {
  const tasks = await trial.tasks(service)
  const [task] = tasks
  if (task === undefined || tasks.length > 1)
    throw new Inconclusive(`${tasks.length} tasks of ${service.name} run`)
  return task
}

function networkFacts({ id, name, subnet, gateway, vni, encrypted, ingress }: OverlayNetwork): NetworkFacts {
  return { id, name, subnet, gateway, vni, encrypted, ingress }
}
