import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { type ClusterFacts, taskName, taskOf } from '../../lib/observation/facts.ts'
import { type Frame, refOf, type SeenFrame, seenFrames, type WireSeen } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { namespacePath } from '../../lib/swarm/namespaces.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { interfaceOf, stateOf } from '../scene/kernel.ts'
import { addressOn, inTask, taskLabel } from '../scene/pair.ts'
import { withWires, type Wires } from '../scene/recording.ts'
import { unseenFromTasks } from '../scene/unseen-from.ts'
import { internals } from '../source.ts'

/** Nothing listens there; the packets need not be answered to be seen. */
const port = 7107

interface Sent {
  /** Ids of tasks. */
  readonly from: string
  readonly to: string
  /** Name of the word that is in it. */
  readonly word: string
  /** Keys of the wires of its sender. */
  readonly veth: string
  readonly underlay: string
}

export const bareOnVeth = requirement({
  id: 'VXL-07',
  requirement: 'On the task’s veth the same packets are seen bare, before encapsulation.',
  source: [internals('Inspecting vxlan tunnel interfaces')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'On every node one task of the clear network sends a datagram with a nonce to each task on other nodes, while its veth interface and the node’s data-path interface are recorded. On the veth the datagram must be seen without VXLAN; on the underlay the very same frame must be seen inside a VXLAN header of the network: same MAC addresses, IP addresses, identification, ports and payload.',
  usualCauses: [
    'the node has no forwarding entry for the task, so the frame is not encapsulated: see VXL-06',
    'something between veth and VXLAN device changes packets: a firewall rule in the overlay’s namespace, a traffic shaper',
    'a local firewall drops what the node itself sends to the data-path port',
  ],
  remedy: [
    'tcpdump -nei eth0 in the task’s namespace (nsenter -t PID -n) beside tcpdump -nei INTERFACE udp port 4789 on the host',
    'nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show; restart the engine of the node named',
  ],
  codes: ['frame-not-on-veth', 'frame-encapsulated-early', 'frame-not-on-underlay', 'frame-altered'],
  changes: [],
  quiet: [],
  reads: [],
  observe: record,
  judge({ sent, wires }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const looks = sent.map((one) => lookAt(one, got, facts)).filter((look) => look !== undefined)
    const senders = new Set(sent.map(({ from }) => from))
    return judgement({
      problems: looks.flatMap((look) => problemsOf(look, clear)),
      missing,
      unseen: [
        ...unseen,
        ...unseenFromTasks(
          facts,
          [...senders].map((id) => taskOf(facts, id)),
          clear.name,
        ),
      ],
      tables: {
        'each datagram on the veth and on the underlay of its sender': looks.map(
          ({ ends, bare, wrapped, same }) => ({
            ...ends,
            ...{ onVeth: bare.length, onUnderlay: wrapped.length, sameFrame: same },
          }),
        ),
      },
      packets: {
        'a datagram bare and encapsulated': looks
          .slice(0, 4)
          .flatMap(({ bare, wrapped }) => [...bare, ...wrapped])
          .map(refOf),
      },
      conclusion:
        looks.length === 0
          ? ''
          : `${looks.length} datagrams of ${senders.size} tasks were bare on the veth of their sender, and the same frames were in VXLAN of VNI ${clear.vni} on its host’s underlay`,
    })
  },
})

interface Look {
  readonly node: string
  readonly path: { readonly from: string; readonly to: string }
  readonly ends: { readonly from: string; readonly to: string }
  readonly bare: readonly SeenFrame[]
  readonly wrapped: readonly SeenFrame[]
  /** Frames that are the same on both. */
  readonly same: number
}

/** Undefined where one of both was not recorded. */
function lookAt(one: Sent, wires: ReadonlyMap<string, WireSeen>, facts: ClusterFacts): Look | undefined {
  const [from, to] = [taskOf(facts, one.from), taskOf(facts, one.to)]
  const [veth, underlay] = [wires.get(one.veth), wires.get(one.underlay)]
  if (veth === undefined || underlay === undefined) return undefined
  const holds = ({ matched }: Frame): boolean => matched.includes(one.word)
  const [bare, wrapped] = [veth, underlay].map((wire) => seenFrames([wire]).filter(holds))
  const encapsulated = (wrapped ?? []).filter(({ vxlan }) => vxlan?.vni === facts.networks.clear.vni)
  const same = (bare ?? []).filter(
    ({ innermost }) => innermost !== undefined && encapsulated.some((frame) => frame.innermost === innermost),
  )
  return {
    node: from.node,
    path: { from: from.node, to: to.node },
    ends: { from: taskName(from), to: taskName(to) },
    ...{ bare: bare ?? [], wrapped: wrapped ?? [], same: same.length },
  }
}

function problemsOf(
  { node, path, ends, bare, wrapped, same }: Look,
  network: { readonly name: string },
): Problem[] {
  const where = { node, path, ends, network: network.name }
  if (bare.length === 0) return [{ ...where, code: 'frame-not-on-veth', kind: 'missed' }]
  const early: Problem[] = bare.some(({ vxlan }) => vxlan !== undefined)
    ? [{ ...where, code: 'frame-encapsulated-early', kind: 'seen' }]
    : []
  if (wrapped.length === 0) return [...early, { ...where, code: 'frame-not-on-underlay', kind: 'missed' }]
  return same > 0 ? early : [...early, { ...where, code: 'frame-altered', kind: 'seen' }]
}

interface Recorded {
  readonly sent: readonly Sent[]
  readonly wires: Wires
}

async function record(lab: ObserveContext): Promise<Recorded> {
  const { cluster, stack, probe } = lab
  const { clear } = stack.networks
  const states = await lab.state()
  const tasks = tasksOn(stack, 'clear')
  const senders = cluster.nodes.flatMap((node) => tasks.find((task) => task.node === node) ?? [])
  const pairs = senders.flatMap((from) =>
    tasks.filter((to) => to.node !== from.node).map((to) => ({ from, to })),
  )
  if (pairs.length === 0) throw new Inconclusive('no two tasks of the clear network run on different nodes')
  const words = pairs.map((_, index) => [`datagram-${index}`, randomBytes(12).toString('hex')] as const)
  const markers = words.map(([, word]) => word)
  const veths = new Map(senders.map((task) => [task, vethOf(task, clear.name, states)]))
  const points = [
    ...[...veths].map(([task, veth]) => ({
      ...{
        host: task.node.host,
        ...veth,
        direction: 'both' as const,
        vxlanPorts: [cluster.dataPathPort],
        markers,
      },
      filter: `udp port ${port} or udp port ${cluster.dataPathPort}`,
    })),
    ...senders.map(({ node }) => ({
      ...{ host: node.host, interface: node.dataPath.interface, direction: 'out' as const },
      ...{ vxlanPorts: [cluster.dataPathPort], markers, filter: `udp port ${cluster.dataPathPort}` },
    })),
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
  const sent = pairs.map(({ from, to }, index): Sent => {
    const veth = veths.get(from)
    return {
      ...{ from: from.id, to: to.id, word: words[index]?.[0] ?? '' },
      veth: `${from.node.host.name} ${veth?.interface} in ${basename(veth?.namespace ?? '')}`,
      underlay: `${from.node.host.name} ${from.node.dataPath.interface}`,
    }
  })
  return { sent, wires }
}

function vethOf(task: Task, network: string, states: Awaited<ReturnType<ObserveContext['state']>>) {
  const endpoint = task.endpoints[network]
  const found = endpoint === undefined ? undefined : interfaceOf(stateOf(states, task.node), endpoint)
  if (found === undefined)
    throw new Inconclusive(
      `the interface of ${taskLabel(task)} on ${network} was not found in any namespace of its host`,
    )
  return { interface: found.name, namespace: namespacePath(found.namespace), mac: found.mac }
}
