import { randomBytes } from 'node:crypto'
import type { TestContext } from '../../lib/conformance/context.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { datagramFor, responderNonce } from '../../lib/probe/nonce.ts'
import type { Observation, ProbeRequest } from '../../lib/probe/probe.ts'
import type { OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { echoPort } from './exchange-before.ts'
import { addressOn, inTask } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

export interface Isolated {
  readonly from: Task
  readonly to: Task
  /** The network of the address that was tried. */
  readonly network: OverlayNetwork
  readonly protocol: 'icmp' | 'udp' | 'tcp'
  readonly observation: Observation
}

/** Probes between tasks that share no overlay, and from each target to itself at the same time as a control. */
export interface Isolation {
  readonly foreign: readonly Isolated[]
  readonly own: readonly Isolated[]
}

/** Nothing is expected to answer: long enough for an answer on a slow host, short enough to wait for often. */
const foreignTimeoutMs = 1500

export function isolation(context: TestContext): Promise<Isolation> {
  return context.once('isolation', tryAll)
}

interface Member {
  readonly task: Task
  readonly network: OverlayNetwork
}

async function tryAll(context: Shared): Promise<Isolation> {
  const members = membersOf(context)
  const nodes = context.cluster.nodes
  const nonce = responderNonce()
  const foreign = members.flatMap((from) =>
    members
      .filter((to) => to.network !== from.network && isNear(from.task, to.task, nodes))
      .flatMap((to) => plan(context, nonce, [from, to], foreignTimeoutMs)),
  )
  const own = members.flatMap((member) => plan(context, nonce, [member, member]))
  const observations = await context.probe.send(
    [...own, ...foreign].map(({ request }) => request),
    {
      responders: members.map(({ task }) => ({ at: inTask(task), port: echoPort, nonce })),
      concurrency: 64,
    },
  )
  const observed = (list: readonly Planned[], first: number): Isolated[] =>
    list.map(({ from, to, network, protocol }, index) => ({
      from,
      to,
      network,
      protocol,
      observation: observations[first + index] as Observation,
    }))
  return { own: observed(own, 0), foreign: observed(foreign, own.length) }
}

/** One task a node of each network. */
function membersOf({ cluster, stack }: Shared): Member[] {
  return (['clear', 'secret', 'auto'] as const).flatMap((role) =>
    cluster.nodes.flatMap((node) => {
      const task = tasksOn(stack, role).find((candidate) => candidate.node === node)
      return task === undefined ? [] : [{ task, network: stack.networks[role] }]
    }),
  )
}

/** On the same host or on the next: both cases are tried for every task, without trying every pair. */
function isNear(from: Task, to: Task, nodes: TestContext['cluster']['nodes']): boolean {
  const distance = nodes.indexOf(to.node) - nodes.indexOf(from.node)
  return distance === 0 || (distance + nodes.length) % nodes.length === 1
}

interface Planned extends Omit<Isolated, 'observation'> {
  readonly request: ProbeRequest
}

function plan(
  { stack }: Shared,
  nonce: string,
  [from, to]: readonly [Member, Member],
  timeoutMs?: number,
): Planned[] {
  const common = {
    from: inTask(from.task),
    to: addressOn(to.task, to.network),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  const entry = { from: from.task, to: to.task, network: to.network }
  const payload = datagramFor(nonce, `swarmproof ${randomBytes(12).toString('hex')}`)
  return [
    { ...entry, protocol: 'icmp', request: { ...common, kind: 'icmp', packetBytes: 84 } },
    {
      ...entry,
      protocol: 'udp',
      request: { ...common, kind: 'udp', port: echoPort, payload, expectReply: true },
    },
    {
      ...entry,
      protocol: 'tcp',
      request: { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)) },
    },
  ]
}
