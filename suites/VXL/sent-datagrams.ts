import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { namespacePath } from '../../lib/swarm/namespaces.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { interfaceOf, stateOf } from '../scene/judging/kernel.ts'
import { addressOn, inTask } from '../scene/sending/pair.ts'
import { wireNameOf, type WirePoint, type Wires, withWires } from '../scene/recordings/recording.ts'

/** Nothing listens there; the packets need not be answered to be seen. */
const port = 7107

/** A datagram from one task to another. */
export interface Sent {
  /** Ids of tasks. */
  readonly from: string
  readonly to: string
  /** Name of the word that is in it. */
  readonly word: string
  /** Keys of the wires of its sender. */
  readonly veth: string
  readonly underlay: string
}

export interface Recorded {
  readonly sent: readonly Sent[]
  /** Nodes where no namespace holds the interface of the task that was to send. */
  readonly withoutVeth: readonly string[]
  readonly wires: Wires
}

/** On every node one task sends to each task on other nodes, while its veth and the node's data path are recorded. */
export async function sendAndRecord(lab: ObserveContext): Promise<Recorded> {
  const { cluster, stack, probe } = lab
  const { clear } = stack.networks
  const states = await lab.state()
  const tasks = tasksOn(stack, 'clear')
  const wanted = cluster.nodes.flatMap((node) => tasks.find((task) => task.node === node) ?? [])
  const senders = wanted.flatMap((task) => {
    const veth = vethOf(task, clear.name, states)
    return veth === undefined ? [] : [{ task, veth }]
  })
  const pairs = senders.flatMap(({ task: from, veth }) =>
    tasks.filter((to) => to.node !== from.node).map((to) => ({ from, veth, to })),
  )
  if (pairs.length === 0)
    throw new Inconclusive('no task of the clear network could send to another on a different node')
  const words = pairs.map((_, index) => [`datagram-${index}`, randomBytes(12).toString('hex')] as const)
  const markers = words.map(([, word]) => word)
  const common = { vxlanPorts: [cluster.dataPathPort], markers }
  const onVeth = ({ host }: ClusterNode, veth: Veth): WirePoint => ({
    ...{ ...common, host, ...veth, direction: 'both' },
    filter: `udp port ${port} or udp port ${cluster.dataPathPort}`,
  })
  const onUnderlay = ({ host, dataPath }: ClusterNode): WirePoint => ({
    ...{ ...common, host, interface: dataPath.interface, direction: 'out' },
    filter: `udp port ${cluster.dataPathPort}`,
  })
  const points = [
    ...senders.map(({ task, veth }) => onVeth(task.node, veth)),
    ...senders.map(({ task }) => onUnderlay(task.node)),
  ]
  const { wires } = await withWires(lab, points, Object.fromEntries(words), async () => {
    await probe.send(
      pairs.map(({ from, to }, index) => ({
        ...{ kind: 'udp', from: inTask(from), to: addressOn(to, clear), port },
        ...{ payload: Buffer.from(`swarmproof ${markers[index]}`), expectReply: false },
      })),
    )
    return {}
  })
  return {
    wires,
    sent: pairs.map(({ from, veth, to }, index): Sent => ({
      ...{ from: from.id, to: to.id, word: words[index]?.[0] ?? '' },
      ...{ veth: wireNameOf(onVeth(from.node, veth)), underlay: wireNameOf(onUnderlay(from.node)) },
    })),
    withoutVeth: wanted
      .filter((task) => !senders.some((sender) => sender.task === task))
      .map(({ node }) => node.host.name),
  }
}

interface Veth {
  readonly interface: string
  readonly namespace: string
  readonly mac: string
}

function vethOf(
  task: Task,
  network: string,
  states: Awaited<ReturnType<ObserveContext['state']>>,
): Veth | undefined {
  const endpoint = task.endpoints[network]
  const found = endpoint === undefined ? undefined : interfaceOf(stateOf(states, task.node), endpoint)
  return found === undefined
    ? undefined
    : { interface: found.name, namespace: namespacePath(found.namespace), mac: found.mac }
}
