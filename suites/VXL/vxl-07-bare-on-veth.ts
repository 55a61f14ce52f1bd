import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, taskName, taskOf } from '../../lib/observation/facts.ts'
import { type Frame, refOf, type SeenFrame, seenFrames, type WireSeen } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { internals } from '../source.ts'
import { type SentDatagram, sendAndRecord } from './sent-datagrams.ts'
import { sum, tasksAt } from '../scene/sending/counted.ts'

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
  probes: (lab) => {
    const tasks = tasksAt(lab, 'clear')
    const homes = [...new Set(tasks.map(({ node }) => node))]
    return sum(homes, (home) => tasks.filter(({ node }) => node !== home).length)
  },
  observe: sendAndRecord,
  judge({ sent, wires, withoutVeth }, facts) {
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
        ...(withoutVeth.length === 0
          ? []
          : [{ what: `the interface of a task of ${clear.name}`, nodes: withoutVeth }]),
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
function lookAt(
  one: SentDatagram,
  wires: ReadonlyMap<string, WireSeen>,
  facts: ClusterFacts,
): Look | undefined {
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
