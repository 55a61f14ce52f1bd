import type { ObserveContext } from '../../lib/conformance/context.ts'
import { taskFacts } from '../../lib/conformance/facts.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { sendPlan } from '../../lib/conformance/send-plan.ts'
import type { Host } from '../../lib/host/host.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { poll } from '../../lib/poll.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { takers, type Task } from '../../lib/swarm/cluster.ts'
import { engineLogLines } from '../../lib/swarm/engine-log.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { TaskState } from '../../lib/swarm/task-states.ts'
import type { Trial } from '../../lib/swarm/trial.ts'
import { freeSubnetFor } from '../scene/experiments/free-subnet.ts'
import { addressOn, inTask } from '../scene/sending/pair.ts'
import { allSettled, type NeighbourAsked, type Process } from './exhaustion.ts'

const prefixLength = 29
/** Of its eight addresses the first and the last name the network and all its members, one is the gateway's. */
const capacity = 5
const wanted = capacity + 3
/** Tasks that get an address and are asked by each other: one goes to the balancer of their node. */
export const exhaustedNeighbours = capacity - 1
/** Some of them wait for an address. */
export const exhaustingTasks = wanted
/** Starting containers included; 2 to 6 s each on emulated hosts. */
const settledWithinMs = 60_000

/** The tasks of a service, and whether they were the same in the look before. */
export interface Settling {
  readonly states: readonly TaskState[]
  readonly unchanged: boolean
}

export interface Exhausted {
  readonly network: string
  readonly subnet: string
  readonly wanted: number
  /** The most tasks the subnet can have addresses for. */
  readonly capacity: number
  /** The task that ran before there were more than the subnet has addresses. */
  readonly first: Process
  readonly settled: Polled<Settling>
  readonly running: readonly Process[]
  /** What the engine of each manager logged about the tasks that do not run. */
  readonly log: Readonly<Record<string, Part<readonly string[]>>>
  readonly asked: readonly NeighbourAsked[]
}

/** A service on a subnet of its own is given more tasks than that has addresses. */
export async function exhausted(lab: ObserveContext): Promise<Exhausted> {
  const { cluster } = lab
  await using trial = lab.trial('adr04')
  const network = await trial.network('tiny', async () => {
    // In a /24 of its own, of which nothing else is in use either.
    const block = await freeSubnetFor(cluster, 24)
    return ['--subnet', block.replace('.0/24', `.8/${prefixLength}`)]
  })
  const { subnet } = network
  const node = takers(cluster).at(-1) ?? cluster.manager
  const service = await trial.service('many', [
    ...['--network', network.name, '--replicas=1'],
    ...['--constraint', `node.id==${node.nodeId}`],
  ])
  const [first] = await trial.running([service], 1)
  if (first === undefined) throw new Inconclusive(`${service.name} has no task`)
  await trial.update(service, [`--replicas=${wanted}`])
  const settled = await untilSettled(lab, trial, service)
  const tasks = await trial.tasks(service)
  const waiting = settled.last.states.filter(({ state }) => state !== 'running').map(({ id }) => id)
  const managers = cluster.nodes.filter(({ role }) => role === 'manager').map(({ host }) => host)
  return {
    ...{ network: network.name, subnet, wanted, capacity, settled },
    first: processOf(first),
    running: tasks.map(processOf),
    log: waiting.length === 0 ? {} : await readLogs(managers, waiting),
    asked: await askEach(lab, network.name, tasks),
  }
}

function processOf(task: Task): Process {
  return { task: taskFacts(task), pid: task.pid }
}

async function untilSettled(
  { signal }: Pick<ObserveContext, 'signal'>,
  trial: Trial,
  service: { readonly name: string },
): Promise<Polled<Settling>> {
  let before: string | undefined
  return poll(
    { what: 'all tasks run or wait', withinMs: settledWithinMs, everyMs: 3000, signal },
    async () => {
      const states = (await trial.taskStates(service)).filter(({ desired }) => desired !== 'shutdown')
      const now = states
        .map(({ id, state }) => `${id} ${state}`)
        .sort()
        .join(', ')
      const unchanged = now === before
      before = now
      return { states, unchanged }
    },
    ({ states, unchanged }) =>
      unchanged && states.length === wanted && allSettled(states) ? [] : ['not yet'],
  )
}

async function readLogs(hosts: readonly Host[], words: readonly string[]): Promise<Exhausted['log']> {
  const logs = await Promise.all(
    hosts.map(async (host) => [host.name, await observePart(() => engineLogLines(host, words))] as const),
  )
  return Object.fromEntries(logs)
}

async function askEach(
  { probe, stack }: Pick<ObserveContext, 'probe' | 'stack'>,
  network: string,
  tasks: readonly Task[],
): Promise<Exhausted['asked']> {
  const plan = tasks.map((to, index) => ({
    to: to.id,
    request: {
      ...{ kind: 'tcp' as const, from: inTask(tasks[(index + 1) % tasks.length] ?? to), port: 80 },
      ...{ to: addressOn(to, { name: network }), request: httpGet(pagePath(stack)), timeoutMs: 15_000 },
    },
  }))
  return sendPlan<{ readonly to: string }>(probe, plan)
}
