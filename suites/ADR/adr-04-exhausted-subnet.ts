import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import type { Host } from '../../lib/host/host.ts'
import { Lacking } from '../../lib/lacking.ts'
import { httpBody, httpGet } from '../../lib/probe/http.ts'
import { type OverlayNetwork, takers, type Task } from '../../lib/swarm/cluster.ts'
import { engineLogLines } from '../../lib/swarm/engine-log.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { TaskState } from '../../lib/swarm/task-states.ts'
import type { Trial } from '../../lib/swarm/trial.ts'
import { outcomeText } from '../scene/outcome.ts'
import { freeSubnetFor } from '../scene/free-subnet.ts'
import { addressOn, inTask } from '../scene/pair.ts'
import { docs, moby } from '../source.ts'
import { exhaustionProblems, reasonOf, settled } from './exhaustion.ts'

const prefixLength = 29
/** Of its eight addresses the first and the last name the network and all its members, one is the gateway's. */
const capacity = 5
const wanted = capacity + 3
/** Starting containers included; 2 to 6 s each on emulated hosts. */
const settledWithinMs = 60_000

export const exhaustedSubnet = conformanceTest({
  id: 'ADR-04',
  requirement: 'An exhausted subnet leaves tasks pending with a clear reason, and running tasks untouched.',
  source: [
    docs('Overlay network size limitations'),
    moby('issues 37338 and 43052; swarmkit, manager/allocator'),
  ],
  safety: 'production',
  needs: [],
  method:
    'On a network of its own, a /29, a service runs one task; then it is given more tasks than the subnet has addresses, all on one node. Those without an address must wait, not fail; the task’s own status or the manager’s engine log must say that addresses are missing; no address may be given twice; and the first task must be the same as before and answer, as all that run must.',
  usualCauses: [
    'every node that runs a task of the network takes an address of it for its load balancer, and every service one for its VIP: a /24 lasts for fewer tasks than it seems',
    'addresses of removed tasks are not given back: restart the engine of the leading manager',
  ],
  remedy: [
    'docker network inspect --verbose NETWORK counts what is taken',
    'create the network with a larger --subnet, or spread services over several networks',
    'use --endpoint-mode dnsrr: such a service takes no address for a VIP',
  ],
  async run(context) {
    const { cluster, evidence } = context
    await using trial = context.trial('adr04')
    // In a /24 of its own, of which nothing else is in use either.
    const block = await freeSubnetFor(cluster, 24)
    const subnet = block.replace('.0/24', `.8/${prefixLength}`)
    const network = await trial.network('tiny', ['--subnet', subnet])
    const node = takers(cluster).at(-1) ?? cluster.manager
    const service = await trial.service('many', [
      ...['--network', network.name, '--replicas=1'],
      ...['--constraint', `node.id==${node.nodeId}`],
    ])
    const [first] = await trial.running([service], 1)
    if (first === undefined) throw new Error(`${service.name} has no task`)
    await trial.update(service, [`--replicas=${wanted}`])
    const states = await untilSettled(context, trial, service)
    const tasks = await trial.tasks(service)
    const surplus = states.filter(({ state }) => state !== 'running')
    const managers = cluster.nodes.filter(({ role }) => role === 'manager')
    const ids = surplus.map(({ id }) => id)
    const logs = await readLogs(
      managers.map(({ host }) => host),
      ids,
    )
    const seen = { states, capacity, log: logs.lines }
    const reason = reasonOf(seen)
    if (reason === undefined && logs.unread !== undefined) throw logs.unread
    evidence.observe(`tasks on ${subnet}, ${wanted} wanted`, states)
    evidence.observe('why the others wait', reason ?? 'nothing says')
    const manager = cluster.manager.host.name
    requireNone(`an exhausted subnet leaves tasks waiting and the others alone`, [
      ...exhaustionProblems(seen).map((problem) => `${manager}: ${problem}`),
      ...(tasks.some(({ id, pid }) => id === first.id && pid === first.pid)
        ? []
        : [`${node.host.name}: the task that ran before does not run any more`]),
      ...(await silent(context, network, tasks)),
    ])
    if (surplus.length === 0)
      throw new Error(`all ${wanted} tasks run on ${network.subnet}, so nothing was exhausted`)
    evidence.conclude(
      `${tasks.length} of ${wanted} tasks have an address in ${subnet}, run and answer, the first one still the same; ${surplus.length} wait, and ${reason?.where === 'task' ? 'their status' : 'the manager’s engine log, not their status,'} says: ${reason?.words ?? ''}`,
    )
  },
})

/** Where the log of an engine cannot be found, it matters only if nothing else gives a reason. */
async function readLogs(
  hosts: readonly Host[],
  words: readonly string[],
): Promise<{ readonly lines: readonly string[]; readonly unread?: Lacking }> {
  if (words.length === 0) return { lines: [] }
  try {
    return { lines: (await Promise.all(hosts.map((host) => engineLogLines(host, words)))).flat() }
  } catch (error) {
    if (error instanceof Lacking) return { lines: [], unread: error }
    throw error
  }
}

async function untilSettled(
  { signal }: TestContext,
  trial: Trial,
  service: { readonly name: string },
): Promise<TaskState[]> {
  let last: TaskState[] = []
  let before = ''
  const look = async () => {
    last = (await trial.taskStates(service)).filter(({ desired }) => desired !== 'shutdown')
    const now = last
      .map(({ id, state }) => `${id} ${state}`)
      .sort()
      .join(', ')
    const still = now === before && last.length === wanted && settled(last)
    before = now
    return still ? { ready: true as const, value: last } : { ready: false as const, seen: now }
  }
  return eventually(
    { what: 'all tasks run or wait', withinMs: settledWithinMs, everyMs: 3000, signal },
    look,
  ).catch((error: unknown) => {
    // What they do instead of waiting is for the test to say.
    if (error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED') return last
    throw error
  })
}

/** Running tasks that do not answer one of their neighbours. */
async function silent(
  { probe, stack }: TestContext,
  network: OverlayNetwork,
  tasks: readonly Task[],
): Promise<string[]> {
  const pairs = tasks.map((to, index) => ({ to, from: tasks[(index + 1) % tasks.length] ?? to }))
  const observations = await probe.send(
    pairs.map(({ from, to }) => ({
      kind: 'tcp' as const,
      from: inTask(from),
      to: addressOn(to, network),
      port: 80,
      request: httpGet(pagePath(stack)),
      timeoutMs: 15_000,
    })),
  )
  return observations.flatMap((observation, index) => {
    const to = pairs[index]?.to
    if (to === undefined || httpBody(observation.replies[0])?.trim() === to.hostname) return []
    return [`${to.node.host.name}: ${addressOn(to, network)} does not answer: ${outcomeText(observation)}`]
  })
}
