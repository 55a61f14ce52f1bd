import { randomBytes } from 'node:crypto'
import type { Recording } from '../../lib/capture/capture.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import type { Observation, ProbeRequest, Responder } from '../../lib/probe/probe.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { datagramFor, responderNonce } from '../../lib/probe/nonce.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { carried, type LeftOut } from './left-out.ts'
import { acrossHosts, addressOn, inTask, onOneHost, orderedPairs } from './pair.ts'
import { recordedDuring } from './recording.ts'

type Shared = Omit<TestContext, 'evidence'>

/** One probe of the exchange and what came of it. */
export interface Exchanged {
  readonly from: Task
  readonly to: Task
  readonly network: 'clear' | 'secret'
  readonly protocol: 'icmp' | 'udp' | 'tcp'
  readonly observation: Observation
}

/**
 * Traffic between all tasks of the clear network and all of its encrypted twin, recorded on the data-path interface
 * of every node. Application data carries a nonce that tells where it was sent.
 */
export interface Exchange {
  readonly exchanged: readonly Exchanged[]
  /** By host name. */
  readonly recordings: ReadonlyMap<string, Recording>
  /** In application data between hosts on the clear network, between hosts on the encrypted one, and within hosts. */
  readonly nonces: { readonly clear: string; readonly secret: string; readonly local: string }
  /** The encrypted network, where the kernels have no ESP. */
  readonly leftOut: readonly LeftOut[]
}

export const echoPort = 7007

/** Every request costs the task's server a process; emulated hosts under load were seen to take more than five seconds. */
const httpTimeoutMs = 15_000

/** Recorded once per run and shared by all requirements that rest on it. */
export function exchange(context: TestContext): Promise<Exchange> {
  return context.once('exchange', record)
}

async function record(context: Shared): Promise<Exchange> {
  const { cluster, stack } = context
  const { roles, leftOut } = await carried(context)
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
    ...plan('clear', orderedPairs(tasksOn(stack, 'clear')).filter(acrossHosts), nonces.clear),
    ...plan('clear', orderedPairs(tasksOn(stack, 'clear')).filter(onOneHost), nonces.local),
    ...plan(
      'secret',
      roles.includes('secret') ? orderedPairs(tasksOn(stack, 'secret')).filter(acrossHosts) : [],
      nonces.secret,
    ),
  ]
  const responders: Responder[] = [...tasksOn(stack, 'clear'), ...tasksOn(stack, 'secret')].map((task) => ({
    at: inTask(task),
    port: echoPort,
    nonce: answered,
  }))
  return recordedDuring(context.wire, points, async () => {
    const requests = planned.map((entry) => entry.request)
    const observations = await context.probe.send(requests, { responders })
    return {
      exchanged: planned.map(({ from, to, network, protocol }, index) => ({
        from,
        to,
        network,
        protocol,
        observation: observations[index] as Observation,
      })),
      nonces,
      leftOut: leftOut.filter(({ what }) => what === stack.networks.secret.name),
    }
  })
}

interface Planned extends Omit<Exchanged, 'observation'> {
  readonly request: ProbeRequest
}

function planner(stack: Stack, answered: string) {
  return (
    role: 'clear' | 'secret',
    pairs: readonly (readonly [Task, Task])[],
    secretWord: string,
  ): Planned[] =>
    pairs.flatMap(([from, to]): Planned[] => {
      const common = { from: inTask(from), to: addressOn(to, stack.networks[role]) }
      const payload = datagramFor(answered, `swarmproof ${secretWord} ${from.id} to ${to.id}`)
      const entry = { from, to, network: role }
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
          request: {
            ...common,
            kind: 'tcp',
            port: 80,
            request: httpGet(`${pagePath(stack)}?${secretWord}`),
            timeoutMs: httpTimeoutMs,
          },
        },
      ]
    })
}

function nonce(): string {
  return randomBytes(12).toString('hex')
}
