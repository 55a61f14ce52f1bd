import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import { dnsQuery } from '../../../lib/probe/dns.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import type { ClusterNode, OverlayNetwork, Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import type { Stack } from '../../../lib/swarm/stack.ts'
import { httpRequest } from '../sending/http-request.ts'
import { inTask, onNode } from '../sending/pair.ts'

interface Looking {
  /** `http`, `echo`: to the address of the service's task; `name`: what leads to it; `port`: the published one. */
  readonly what: 'http' | 'echo' | 'name' | 'port'
  /** Of `port` the name of a node, else the id of a task of the stack. */
  readonly from: string
  /** The name that was asked for, the node of `port`, or the address. */
  readonly to: string
}

export type Looked = Sent<Looking>

type Around = Pick<ObserveContext, 'probe' | 'cluster' | 'stack'>

/** An answer that takes longer on a busy host comes in the next look; what is not there yet must not hold up this one. */
const answerMs = 6_000
/** Time for what must not answer: a firewall may drop it, and that is as good as a refusal. */
const silenceMs = 1500

interface AskedGiven {
  readonly task: Task
  /** None while the task is not on its networks. */
  readonly callers: readonly Task[]
  readonly network: OverlayNetwork
  readonly port: number | undefined
}

/** Whether callers find the service's task by name and reach it, and what each node answers on the port. */
export function askGiven(around: Around, { task, callers, network, port }: AskedGiven): Promise<Looked[]> {
  const name = `tasks.${task.service}`
  return look(around, [
    ...callers.map((from): Planned<Looking> => {
      const request = httpRequest(around.stack, [from, task], network)
      return { what: 'http', from: from.id, to: request.to, request }
    }),
    ...namesAsked(callers, name),
    ...(port === undefined ? [] : portAsked(around, port, answerMs)),
  ])
}

/** What each node answers on a published port, asked by the next. */
export function askPort(around: Around, port: number): Promise<Looked[]> {
  return look(around, portAsked(around, port, answerMs))
}

interface AskedTaken {
  readonly service: string
  readonly callers: readonly Task[]
  readonly formerAddress: string
  readonly port: number | undefined
}

/** Whether callers still find the service or get echoes from its former address, and what answers on its former port. */
export function askTaken(
  around: Around,
  { service, callers, formerAddress, port }: AskedTaken,
): Promise<Looked[]> {
  return look(around, [
    ...namesAsked(callers, service),
    ...(formerAddress === '' ? [] : callers).map((from): Planned<Looking> => ({
      ...{ what: 'echo', from: from.id, to: formerAddress },
      request: {
        ...{ kind: 'icmp', from: inTask(from), to: formerAddress },
        ...{ packetBytes: 84, timeoutMs: silenceMs },
      },
    })),
    ...(port === undefined ? [] : portAsked(around, port, silenceMs)),
  ])
}

async function look({ probe }: Around, plan: readonly Planned<Looking>[]): Promise<Looked[]> {
  return (await sendPlan(probe, plan)).map(withoutTimes)
}

/** Two looks that saw the same differ by their times alone, and each look that differs is kept. */
function withoutTimes({ probe, ...looking }: Looked): Looked {
  return {
    ...looking,
    probe: { ...probe, attempts: [], elapsedMs: 1000 * Math.round(probe.elapsedMs / 1000) },
  }
}

function namesAsked(callers: readonly Task[], name: string): Planned<Looking>[] {
  return callers.map((from) => ({
    ...{ what: 'name', from: from.id, to: name },
    request: dnsQuery(inTask(from), name),
  }))
}

/** Each node by the next. */
function portAsked({ cluster, stack }: Around, port: number, timeoutMs: number): Planned<Looking>[] {
  const { nodes } = cluster
  return nodes.map((to, index) =>
    portRequest(stack, nodes[(index + 1) % nodes.length] ?? to, to, port, timeoutMs),
  )
}

function portRequest(
  stack: Stack,
  from: ClusterNode,
  to: ClusterNode,
  port: number,
  timeoutMs: number,
): Planned<Looking> {
  return {
    ...{ what: 'port', from: from.host.name, to: to.host.name },
    request: {
      ...{ kind: 'tcp', from: onNode(from), to: to.advertise.address, port, timeoutMs },
      request: httpGet(pagePath(stack)),
    },
  }
}
