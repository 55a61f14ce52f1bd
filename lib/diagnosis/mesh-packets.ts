import type { ProblemCode } from '../observation/codes.ts'
import type { HostState } from '../observe/host-state.ts'
import type { AskedPacket } from '../observe/who-decides.ts'
import { type PortWay, wayOfPort } from '../observe/way-of-port.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { LabView, Reported } from './lab-view.ts'
import { statesOf } from './meanwhile.ts'
import { isOfOwnMesh } from './own-mesh.ts'

/** Requests to a published port that were not answered. What the node itself asks is not forwarded. */
const unanswered: readonly ProblemCode[] = [
  ...(['port-not-answered', 'node-not-answering-task', 'own-node-not-answering-task'] as const),
  ...(['task-not-reached-through-node', 'published-port-not-forwarded'] as const),
  ...(['published-port-silent-unexplained', 'request-failed-in-update'] as const),
  ...(['transfer-unanswered', 'transfer-not-whole'] as const),
]

/** What tasks sent out of the overlays that came to no other node. */
const notSent: readonly ProblemCode[] = ['outbound-not-sent', 'outbound-never-left', 'outbound-lost']

/** Whether packets of it are forwarded by the node between containers and what is outside. */
export function isForwardedBy(problem: Reported, node: string, lab: LabView): boolean {
  const { kind, code } = problem
  return (
    kind === 'missed' &&
    (unanswered.includes(code) || notSent.includes(code)) &&
    isOfOwnMesh(problem, node, lab)
  )
}

/** The first packet of what was missed, as the node forwards it: one a protocol. None where it is not led to the mesh. */
export function forwardedPackets(problem: Reported, node: string, lab: LabView): AskedPacket[] {
  const { code, protocol } = problem
  return (protocol === undefined ? ['tcp', 'udp'] : [protocol.toLowerCase()]).flatMap((one) =>
    notSent.includes(code) ? outbound(one, problem, node, lab) : inbound(one, problem, node, lab),
  )
}

function outbound(
  protocol: string,
  { address, port }: Reported,
  node: string,
  { facts }: LabView,
): AskedPacket[] {
  const out = facts?.nodes.find(({ name }) => name === node)?.advertise.interface
  return [
    {
      ...{ protocol, state: 'new', fromHost: false, toHost: false, translated: false },
      ...{ in: gatewayBridgeName, out: out ?? { noneOf: [gatewayBridgeName] } },
      ...(address === undefined ? {} : { destination: address }),
      ...(port === undefined ? {} : { destinationPort: port }),
    },
  ]
}

/** DNAT to ingress_sbox keeps the port. */
function inbound(
  protocol: string,
  { code, port, path }: Reported,
  node: string,
  lab: LabView,
): AskedPacket[] {
  const way = port === undefined ? undefined : wayTo(port, protocol, node, lab)
  if (way?.sandbox !== undefined && way.fromOutside === undefined) return []
  const named = (name: string | undefined) => lab.facts?.nodes.find((one) => one.name === name)?.advertise
  const ofTask = code === 'own-node-not-answering-task'
  const source = ofTask ? undefined : named(path?.from)?.address
  return [
    {
      ...{ protocol, state: 'new', fromHost: false, toHost: false, translated: true },
      in: ofTask ? gatewayBridgeName : (named(node)?.interface ?? { noneOf: [gatewayBridgeName] }),
      out: gatewayBridgeName,
      ...(port === undefined ? {} : { destinationPort: port, askedPort: port }),
      ...(source === undefined ? {} : { source }),
      ...(way?.sandbox === undefined ? {} : { destination: way.sandbox }),
    },
  ]
}

function wayTo(publishedPort: number, protocol: string, node: string, lab: LabView): PortWay | undefined {
  const [state] = statesOf(lab, node)
  return state === undefined ? undefined : wayOfPort(tablesOf(state), { protocol, publishedPort })
}

function tablesOf({ root, nftables, namespaces }: HostState): Parameters<typeof wayOfPort>[0] {
  return {
    root: { ...root, ...(nftables === undefined ? {} : { nftables }) },
    sandbox: namespaces[ingressNamespace],
  }
}
