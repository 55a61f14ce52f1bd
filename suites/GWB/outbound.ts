import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { type ClusterFacts, nodeOf, type TaskFacts, taskName, taskOf } from '../../lib/observation/facts.ts'
import type { SeenFrame } from '../../lib/observation/frame.ts'
import type { Missing, Unseen } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { gatewayBridgeSeen, subnetsOf } from '../scene/judging/gateway-interface.ts'
import type { KernelSeen } from '../scene/judging/kernel-seen.ts'
import { inTask } from '../scene/sending/pair.ts'
import { type Wires, withWires } from '../scene/recordings/recording.ts'
import { taskNamespaceSeen } from '../scene/judging/task-namespace.ts'

/** Discard; nothing has to listen. */
export const outboundPort = 9

interface Sending {
  /** Id of a task. */
  readonly task: string
  /** Name of a node, to whose advertise address it is sent. */
  readonly to: string
}

/** A datagram out of the overlays, whose word is named after its task. */
export type Outbound = Sent<Sending>

/** A task of each node sends to the next node, while the advertise interface of every node is recorded. */
export async function outbound(
  lab: ObserveContext,
): Promise<{ readonly sent: readonly Outbound[]; readonly wires: Wires }> {
  const { nodes } = lab.cluster
  const words: Record<string, string> = {}
  const plan = nodes.flatMap((node, index): Planned<Sending>[] => {
    const task = lab.stack.tasks.find((one) => one.node === node)
    const to = nodes[(index + 1) % nodes.length]
    if (task === undefined || to === undefined || to === node) return []
    const word = randomBytes(12).toString('hex')
    words[task.id] = word
    return [
      {
        ...{ task: task.id, to: to.host.name },
        request: {
          ...{ kind: 'udp', from: inTask(task), to: to.advertise.address, port: outboundPort },
          ...{ payload: Buffer.from(`swarmproof ${word}`), expectReply: false },
        },
      },
    ]
  })
  const points = nodes.map((node) => ({
    ...{ host: node.host, interface: node.advertise.interface, direction: 'both' as const },
    ...{ filter: `udp port ${outboundPort}`, markers: Object.values(words) },
  }))
  return withWires(lab, points, words, async () => ({ sent: await sendPlan(lab.probe, plan) }))
}

/** What became of a datagram. */
export interface Followed {
  readonly sender: TaskFacts
  readonly to: string
  /** Where it was sent, and the address it should come from. */
  readonly address: string
  readonly expected: string
  readonly probe: Outbound['probe']
  /** How often it was seen leaving its node. */
  readonly left: number
  readonly arrived: readonly SeenFrame[]
  readonly sources: readonly string[]
}

export function followed(
  { task, to, probe }: Outbound,
  frames: readonly SeenFrame[],
  facts: ClusterFacts,
): Followed {
  const sender = taskOf(facts, task)
  const own = frames.filter(({ matched }) => matched.includes(task))
  const arrived = own.filter(({ seenOn, egress }) => seenOn === to && !egress)
  return {
    ...{ sender, to, probe, arrived },
    address: nodeOf(facts, to).advertise.address,
    expected: nodeOf(facts, sender.node).advertise.address,
    left: own.filter(({ seenOn, egress }) => seenOn === sender.node && egress).length,
    sources: [...new Set(arrived.map(({ outer }) => outer?.source ?? ''))],
  }
}

/** @param recorded names of the nodes whose interfaces were recorded */
export function arrivalProblems(look: Followed, recorded: ReadonlySet<string>): Problem[] {
  const { sender, to, address, expected, probe, left, sources } = look
  const where = {
    path: { from: sender.node, to },
    ends: { from: taskName(sender), to },
    ...{ node: sender.node, protocol: 'UDP', address, port: outboundPort },
  }
  if (sources.length > 0)
    return sources
      .filter((source) => source !== expected)
      .map((observed): Problem => ({
        ...{ ...where, code: 'outbound-source-wrong', kind: 'seen', expected, observed },
      }))
  if (probe.outcome !== 'sent')
    return [{ ...where, code: 'outbound-not-sent', kind: 'missed', observed: outcomeSeen(probe) }]
  if (!recorded.has(to)) return []
  if (recorded.has(sender.node) && left === 0)
    return [{ ...where, code: 'outbound-never-left', kind: 'missed' }]
  const { path, ends, protocol, port } = where
  return [{ ...{ path, ends, protocol, address, port }, code: 'outbound-lost', kind: 'missed' }]
}

/** Where a task's default route leads, and the subnets of docker_gwbridge on its node. */
export interface GatewayRoute {
  /** Undefined where the task has no default route. */
  readonly gateway?: string | undefined
  readonly subnets: readonly string[]
  /** Both were read. */
  readonly read: boolean
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

export function routeOf(task: TaskFacts, states: KernelSeen): GatewayRoute {
  const namespace = part({ [task.node]: taskNamespaceSeen(states, task) }, `namespace of ${taskName(task)}`)
  const bridge = part({ [task.node]: gatewayBridgeSeen(states, task.node) }, 'docker_gwbridge')
  const found = namespace.got.get(task.node)
  const lost = namespace.got.has(task.node) && found === undefined
  const on = bridge.got.get(task.node)
  return {
    gateway: found?.routes.find(({ destination }) => destination === 'default')?.gateway,
    subnets: on === undefined ? [] : subnetsOf(on),
    read: found !== undefined && bridge.got.has(task.node),
    missing: [...namespace.missing, ...bridge.missing],
    unseen: [
      ...namespace.unseen,
      ...bridge.unseen,
      ...(lost ? [{ what: `namespace of ${taskName(task)}`, nodes: [task.node], why: 'not found' }] : []),
    ],
  }
}

export function routeProblems({
  sender,
  gateway,
  subnets,
  read,
}: Pick<GatewayRoute, 'gateway' | 'subnets' | 'read'> & { readonly sender: TaskFacts }): Problem[] {
  if (!read) return []
  const where = { node: sender.node, subject: taskName(sender) }
  if (gateway === undefined) return [{ ...where, code: 'default-route-missing', kind: 'missed' }]
  if (subnets.some((subnet) => contains(subnet, gateway))) return []
  const expected = subnets.join(', ')
  return [{ ...where, code: 'default-route-elsewhere', kind: 'seen', expected, observed: gateway }]
}
