import type { TestContext } from '../../lib/conformance/context.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import type { OverlayNetwork, Service, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { deliveryProblem } from './delivery.ts'
import { addressOn, inTask, taskLabel } from './pair.ts'

type Probing = Pick<TestContext, 'probe' | 'stack'>

export function httpRequest(
  stack: Stack,
  [from, to]: readonly [Task, Task],
  network: Pick<OverlayNetwork, 'name'>,
) {
  return {
    kind: 'tcp' as const,
    from: inTask(from),
    to: addressOn(to, network),
    port: 80,
    request: httpGet(pagePath(stack)),
    timeoutMs: 15_000,
  }
}

/** Callers that do not find the service by name, or are not answered by its task. */
export async function unreached(
  { probe, stack }: Probing,
  callers: readonly Task[],
  task: Task,
  network: OverlayNetwork,
): Promise<string[]> {
  const name = `tasks.${task.service}`
  const observations = await probe.send([
    ...callers.map((from) => httpRequest(stack, [from, task], network)),
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
export async function stillFound(
  { probe }: Probing,
  callers: readonly Task[],
  service: Pick<Service, 'name'>,
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
