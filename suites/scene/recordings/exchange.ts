import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import { datagramFor, responderNonce } from '../../../lib/probe/nonce.ts'
import type { Responder } from '../../../lib/probe/probe.ts'
import type { Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../../lib/swarm/stack.ts'
import { supportedTraffic, type LeftOut } from './supported-traffic.ts'
import { everyProtocol } from '../sending/every-protocol.ts'
import { addressOn, inTask, pairsOnOneHost, triedTaskPairs } from '../sending/pair.ts'
import { type WiresSeen, withWires } from './recording.ts'
import { acrossNodes, carried, sum, withinNodes } from '../sending/counted.ts'

/** One probe of the exchange. */
interface Exchanging {
  /** Ids of tasks. */
  readonly from: string
  readonly to: string
  readonly network: 'clear' | 'secret'
  readonly protocol: 'icmp' | 'udp' | 'tcp'
}

/** One probe of the exchange and what came of it. */
export type Exchanged = Sent<Exchanging>

/**
 * Traffic between tasks of the clear network and of its encrypted twin, over every pair of nodes that is tried, recorded on the data-path interface
 * of every node. Application data carries a nonce that tells where it was sent: words `clear` and `secret` between hosts
 * on these networks, `local` within hosts.
 */
export interface Exchange {
  readonly exchanged: readonly Exchanged[]
  /** By node. */
  readonly wires: WiresSeen
  /** The encrypted network, where the kernels have no ESP. */
  readonly leftOut: readonly LeftOut[]
}

export const echoPort = 7007

/** Every request costs the task's server a process; emulated hosts under load were seen to take more than five seconds. */
const httpTimeoutMs = 15_000

export const exchange = scene('exchange', record, {
  byPairs: true,
  probes: (lab) => sum(carried(lab), (role) => 3 * (acrossNodes(lab, role) + withinNodes(lab, role))),
})

async function record(context: ObserveContext): Promise<Exchange> {
  const { cluster, stack } = context
  const { roles, leftOut } = await supportedTraffic(context)
  const nonces = { clear: nonce(), secret: nonce(), local: nonce() }
  const points = cluster.nodes.map((node) => ({
    host: node.host,
    interface: node.dataPath.interface,
    direction: 'both' as const,
    vxlanPorts: [cluster.dataPathPort],
    // Fragments behind the first carry no port; they are looked at so that nothing can hide in them.
    filter: `udp port ${cluster.dataPathPort} or esp or (ip[6:2] & 0x3fff != 0)`,
    markers: Object.values(nonces),
  }))
  const answered = responderNonce()
  const plan = planner(stack, answered)
  const planned = [
    ...plan('clear', triedTaskPairs(context, tasksOn(stack, 'clear')), nonces.clear),
    ...plan('clear', pairsOnOneHost(tasksOn(stack, 'clear')), nonces.local),
    ...(roles.includes('secret')
      ? [
          ...plan('secret', triedTaskPairs(context, tasksOn(stack, 'secret')), nonces.secret),
          ...plan('secret', pairsOnOneHost(tasksOn(stack, 'secret')), nonces.local),
        ]
      : []),
  ]
  const responders: Responder[] = [...tasksOn(stack, 'clear'), ...tasksOn(stack, 'secret')].map((task) => ({
    at: inTask(task),
    port: echoPort,
    nonce: answered,
  }))
  return withWires(context, points, nonces, async () => ({
    exchanged: await sendPlan(context.probe, planned, { responders }),
    leftOut: leftOut.filter(({ what }) => what === stack.networks.secret.name),
  }))
}

function planner(stack: Stack, answered: string) {
  return (
    role: 'clear' | 'secret',
    pairs: readonly (readonly [Task, Task])[],
    secretWord: string,
  ): Planned<Exchanging>[] =>
    pairs.flatMap(([from, to]): Planned<Exchanging>[] => {
      const common = { from: inTask(from), to: addressOn(to, stack.networks[role]) }
      const payload = datagramFor(answered, `swarmproof ${secretWord} ${from.id} to ${to.id}`)
      const entry = { from: from.id, to: to.id, network: role }
      return everyProtocol(entry, {
        ...{ common, echo: { port: echoPort, payload } },
        page: { path: `${pagePath(stack)}?${secretWord}`, timeoutMs: httpTimeoutMs },
      })
    })
}

function nonce(): string {
  return randomBytes(12).toString('hex')
}
