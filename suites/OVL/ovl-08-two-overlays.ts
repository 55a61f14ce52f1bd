import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import type { OverlayNetwork, Service, Task } from '../../lib/swarm/cluster.ts'
import { readTasks } from '../../lib/swarm/read-objects.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { deliveryProblem } from '../scene/delivery.ts'
import { addressOn, inTask, taskLabel } from '../scene/pair.ts'
import { docs } from '../source.ts'

/**
 * From the update until the new task runs and is known on the other nodes. The documentation names no time; a task is
 * replaced by stop, grace period (1 s here), start and a round of gossip, all of which take seconds.
 */
const effectiveWithinMs = 90_000

export const twoOverlays = conformanceTest({
  id: 'OVL-08',
  requirement:
    'A service on two overlays is reachable on both; `--network-add` and `--network-rm` take effect.',
  source: [docs('Attach a service to an overlay network')],
  safety: 'production',
  needs: [],
  method:
    'A service of the stack is attached to two overlays; tasks on each of them ask its task over that network, at the address it has there, and must be answered by it. Then a service of the test’s own is created on an overlay, is given a second one by --network-add and loses it by --network-rm: within 90 s of each update its task must be found by name and answer there, and afterwards have no endpoint there, not be found and not answer.',
  usualCauses: [
    'a firewall or the data path loses traffic of one of the networks only: see CTL-04, CTL-07 and VXL-06',
    'the update is stuck because the new task cannot be placed or the subnet has no address left',
    'gossip (7946) does not bring the new endpoint to the other nodes',
  ],
  remedy: [
    'docker service ps --no-trunc SERVICE and docker service inspect --format "{{json .UpdateStatus}}" SERVICE',
    'docker network inspect NETWORK on the hosts named; docker service update --force SERVICE',
  ],
  async run(context) {
    const { stack, evidence } = context
    const { both } = stack.services
    const reached = [...(await reach(context, both, 'clear')), ...(await reach(context, both, 'extra'))]
    evidence.observe('a service on two overlays', reached)
    const networks = [stack.networks.clear, stack.networks.extra]
    requireNone(`${both.name} is reachable on each of its overlays`, [
      ...reached.flatMap(({ problem }) => problem ?? []),
      ...networks
        .filter(({ name }) => !reached.some(({ network }) => network === name))
        .map(({ name }) => `${both.name} has no task on ${name}`),
    ])
    const updates = await changeNetworks(context)
    evidence.conclude(
      `${both.name} answered ${reached.length} requests over ${networks.map(({ name }) => name).join(' and ')}; --network-add took effect after ${updates.addedS} s, --network-rm after ${updates.removedS} s`,
    )
  },
})

async function reach({ stack, probe }: TestContext, service: Service, role: 'clear' | 'extra') {
  const network = stack.networks[role]
  const on = tasksOn(stack, role)
  const pairs = on
    .filter((to) => to.service === service.name)
    .flatMap((to) => on.filter((from) => from.service !== service.name).map((from) => ({ from, to })))
  const observations = await probe.send(pairs.map(({ from, to }) => request(from, to, network)))
  return pairs.map(({ from, to }, index) => {
    const observation = observations[index] as Observation
    const what = deliveryProblem({ to, protocol: 'tcp', observation })
    return {
      network: network.name,
      from: taskLabel(from),
      to: `${taskLabel(to)} (${addressOn(to, network)})`,
      outcome: observation.outcome,
      ...(what === undefined
        ? {}
        : { problem: [`${taskLabel(from)} → ${taskLabel(to)} on ${network.name}: ${what}`] }),
    }
  })
}

/** Returns how long each change took. */
async function changeNetworks(context: TestContext): Promise<{ addedS: number; removedS: number }> {
  const { stack, evidence } = context
  const { extra } = stack.networks
  const callers = tasksOn(stack, 'extra').filter(({ service }) => service !== stack.services.both.name)
  if (callers.length === 0) throw new Error(`no task on ${extra.name} can ask`)
  await using trial = context.trial('ovl08')
  const own = await trial.network('own')
  const service = await trial.service('moving', `--network ${own.name} --replicas 1`)
  await trial.running([service], 1)

  await trial.update(service, `--network-add ${extra.name}`)
  let there: Task | undefined
  const addedS = await takesEffect(context, `--network-add ${extra.name} on ${service.name}`, async () => {
    there = await taskOf(context, service)
    const onBoth = [own, extra].filter((network) => addressOn(there as Task, network) !== '')
    if (onBoth.length < 2)
      return [`its task is on ${onBoth.map(({ name }) => name).join() || 'neither'} only`]
    return unreached(context, callers, there, extra)
  })
  evidence.measure('--network-add took effect', addedS, 's', effectiveWithinMs / 1000)

  await trial.update(service, `--network-rm ${extra.name}`)
  const former = there
  const removedS = await takesEffect(context, `--network-rm ${extra.name} on ${service.name}`, async () => {
    const task = await taskOf(context, service)
    if (addressOn(task, extra) !== '') return [`its task on ${task.node.host.name} still is on ${extra.name}`]
    if (addressOn(task, own) === '') return [`its task on ${task.node.host.name} is not on ${own.name}`]
    return stillFound(context, callers, service, former === undefined ? '' : addressOn(former, extra))
  })
  evidence.measure('--network-rm took effect', removedS, 's', effectiveWithinMs / 1000)
  return { addedS, removedS }
}

/** Seconds until `problems` finds none. @throws AssertionError with what was last seen when the bound runs out */
async function takesEffect(
  { signal }: TestContext,
  what: string,
  problems: () => Promise<readonly string[]>,
): Promise<number> {
  const startedAt = performance.now()
  let last: readonly string[] = []
  await eventually(
    { what: `${what} takes effect`, withinMs: effectiveWithinMs, everyMs: 1000, signal },
    async () => {
      last = await problems()
      return last.length === 0 ? { ready: true, value: undefined } : { ready: false, seen: last.join('; ') }
    },
  ).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED') || last.length === 0)
      throw error
    requireNone(`${what} takes effect within ${effectiveWithinMs / 1000} s`, last)
  })
  return Math.round((performance.now() - startedAt) / 100) / 10
}

async function taskOf({ cluster }: TestContext, service: Service): Promise<Task> {
  const tasks = await readTasks(cluster, [service.name])
  const [task] = tasks
  if (task === undefined || tasks.length > 1) throw new Error(`${tasks.length} tasks of ${service.name} run`)
  return task
}

/** Callers that do not find the service by name, or are not answered by its task. */
async function unreached(
  { probe }: TestContext,
  callers: readonly Task[],
  task: Task,
  network: OverlayNetwork,
): Promise<string[]> {
  const name = `tasks.${task.service}`
  const observations = await probe.send([
    ...callers.map((from) => request(from, task, network)),
    ...callers.map((from) => dnsQuery(inTask(from), name)),
  ])
  return callers.flatMap((from, index) => {
    const what = deliveryProblem({
      to: task,
      protocol: 'tcp',
      observation: observations[index] as Observation,
    })
    const found = dnsAnswer(observations[callers.length + index] as Observation)?.addresses ?? []
    return [
      ...(what === undefined ? [] : [`${taskLabel(from)} → ${taskLabel(task)}: ${what}`]),
      ...(found.includes(addressOn(task, network)) ? [] : [`${taskLabel(from)} does not find ${name}`]),
    ]
  })
}

/** Callers that still find the service by name, or whose requests to its former address are answered. */
async function stillFound(
  { probe }: TestContext,
  callers: readonly Task[],
  service: Service,
  formerAddress: string,
): Promise<string[]> {
  const observations = await probe.send([
    ...callers.map((from) => dnsQuery(inTask(from), service.name)),
    ...callers.map((from) => ({
      kind: 'icmp' as const,
      from: inTask(from),
      to: formerAddress,
      packetBytes: 84,
      timeoutMs: 1500,
    })),
  ])
  return callers.flatMap((from, index) => {
    const found = dnsAnswer(observations[index] as Observation)?.addresses ?? []
    const echo = observations[callers.length + index] as Observation
    return [
      ...(found.length === 0
        ? []
        : [`${taskLabel(from)} still finds ${service.name} at ${found.join(', ')}`]),
      ...(echo.outcome === 'answered' ? [`${formerAddress} still answers ${taskLabel(from)}`] : []),
    ]
  })
}

function request(from: Task, to: Task, network: OverlayNetwork) {
  return {
    kind: 'tcp' as const,
    from: inTask(from),
    to: addressOn(to, network),
    port: 80,
    request: httpGet('/'),
    timeoutMs: 15_000,
  }
}
