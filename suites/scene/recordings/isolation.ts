import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import { datagramFor, responderNonce } from '../../../lib/probe/nonce.ts'
import type { Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import { echoPort } from './exchange.ts'
import { everyProtocol } from '../sending/every-protocol.ts'
import { addressOn, inTask } from '../sending/pair.ts'
import { sum, tasksAt } from '../sending/counted.ts'

interface Trying {
  /** `foreign`: a task asks one that it shares no overlay with. `own`: each of these asks itself, as a control. */
  readonly what: 'foreign' | 'own'
  /** Ids of tasks. */
  readonly from: string
  readonly to: string
  /** The network of the address that was tried. */
  readonly network: Role
  readonly protocol: 'icmp' | 'udp' | 'tcp'
}

export type Isolated = Sent<Trying>

/** Probes between tasks that share no overlay, and from each target to itself at the same time. */
export interface Isolation {
  readonly tried: readonly Isolated[]
}

const roles = ['clear', 'secret', 'auto'] as const
type Role = (typeof roles)[number]

/** Nothing is expected to answer: long enough for an answer on a slow host, short enough to wait for often. */
const foreignTimeoutMs = 1500

export const isolation = scene('isolation', tryAll, {
  probes(lab) {
    const { nodes } = lab.facts
    const members = roles.flatMap((network) =>
      [...new Set(tasksAt(lab, network).map(({ node }) => node))].map((node) => ({
        network,
        index: nodes.findIndex(({ name }) => name === node),
      })),
    )
    const foreign = sum(
      members,
      (from) =>
        members.filter((to) => to.network !== from.network && isNear(from.index, to.index, nodes.length))
          .length,
    )
    return 3 * (members.length + foreign)
  },
})

interface Member {
  readonly task: Task
  readonly network: Role
}

async function tryAll(context: ObserveContext): Promise<Isolation> {
  const members = membersOf(context)
  const { nodes } = context.cluster
  const nonce = responderNonce()
  const foreign = members.flatMap((from) =>
    members
      .filter(
        (to) =>
          to.network !== from.network &&
          isNear(nodes.indexOf(from.task.node), nodes.indexOf(to.task.node), nodes.length),
      )
      .flatMap((to) => plan(context, nonce, 'foreign', [from, to])),
  )
  const own = members.flatMap((member) => plan(context, nonce, 'own', [member, member]))
  return {
    tried: await sendPlan(context.probe, [...own, ...foreign], {
      responders: members.map(({ task }) => ({ at: inTask(task), port: echoPort, nonce })),
      concurrency: 64,
    }),
  }
}

/** One task a node of each network. */
function membersOf({ cluster, stack }: ObserveContext): Member[] {
  return roles.flatMap((network) =>
    cluster.nodes.flatMap((node) => {
      const task = tasksOn(stack, network).find((candidate) => candidate.node === node)
      return task === undefined ? [] : [{ task, network }]
    }),
  )
}

/** On the same host or on the next: both cases are tried for every task, without trying every pair. */
function isNear(from: number, to: number, nodes: number): boolean {
  const distance = to - from
  return distance === 0 || (distance + nodes) % nodes === 1
}

function plan(
  { stack }: ObserveContext,
  nonce: string,
  what: Trying['what'],
  [from, to]: readonly [Member, Member],
): Planned<Trying>[] {
  const common = {
    from: inTask(from.task),
    to: addressOn(to.task, stack.networks[to.network]),
    ...(what === 'own' ? {} : { timeoutMs: foreignTimeoutMs }),
  }
  const entry = { what, from: from.task.id, to: to.task.id, network: to.network }
  const payload = datagramFor(nonce, `swarmproof ${randomBytes(12).toString('hex')}`)
  return everyProtocol(entry, {
    ...{ common, echo: { port: echoPort, payload } },
    page: { path: pagePath(stack) },
  })
}
