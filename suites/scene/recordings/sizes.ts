import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import type { NetworkFacts } from '../../../lib/observation/facts.ts'
import type { Part } from '../../../lib/observation/part.ts'
import { datagramFor, responderNonce } from '../../../lib/probe/nonce.ts'
import type { Responder } from '../../../lib/probe/probe.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import { type Downloaded, downloadsOf, planDownloads } from './downloads.ts'
import { supportedTraffic, type LeftOut } from './supported-traffic.ts'
import { overlayMtu, statedMtu } from '../judging/overlay-mtu.ts'
import { addressOn, inTask, triedTaskPairs } from '../sending/pair.ts'
import { withWires } from './recording.ts'
import { networkViewsSeen, type ViewsSeen } from './views.ts'
import { sizesOf, type WireSizes } from './wire-sizes.ts'
import { acrossNodes, carried, sum } from '../sending/counted.ts'

type Role = 'clear' | 'secret'

interface Sizing {
  /** Ids of tasks. */
  readonly from: string
  readonly to: string
  readonly network: Role
  readonly protocol: 'icmp' | 'udp'
  /** Of the whole inner IPv4 packet. */
  readonly packetBytes: number
  /** Exactly the overlay's MTU; otherwise one byte more. */
  readonly fits: boolean
}

/** A datagram with the don't-fragment bit, and what came of it. */
export type SizedDatagram = Sent<Sizing>

/**
 * Traffic at the limit: don't-fragment datagrams of the overlay's MTU and one byte more, and bulk transfers between
 * tasks, by VIP and through ingress, recorded as it leaves the data-path interface of each node.
 */
export interface Sizes {
  readonly datagrams: readonly SizedDatagram[]
  readonly downloads: readonly Downloaded[]
  /** By node: what left its data-path interface, by size. */
  readonly wires: Readonly<Record<string, Part<WireSizes>>>
  /** What interfaces should have, by the networks' own options. */
  readonly mtuBytes: Readonly<Record<Role, number>>
  /** Networks that carried traffic. */
  readonly roles: readonly Role[]
  readonly leftOut: readonly LeftOut[]
}

const echoPort = 7009
/** Enough for all headers, outer and inner. */
const snapshotBytes = 128

export const sizes = scene('sizes', record, {
  byPairs: true,
  probes: (lab) => sum(carried(lab), (role) => 4 * acrossNodes(lab, role)) + downloadsOf(lab),
})

async function record(context: ObserveContext): Promise<Sizes> {
  const { cluster, stack } = context
  const views = await context.scene(networkViewsSeen)
  const { roles, balances, leftOut } = await supportedTraffic(context)
  const points = cluster.nodes.map((node) => ({
    host: node.host,
    interface: node.dataPath.interface,
    direction: 'out' as const,
    snapshotBytes,
    vxlanPorts: [cluster.dataPathPort],
    filter: `udp port ${cluster.dataPathPort} or esp or (ip[6:2] & 0x3fff != 0)`,
  }))
  const mtuBytes = {
    clear: computedMtu(stack.networks.clear, views),
    secret: computedMtu(stack.networks.secret, views),
  }
  const nonce = responderNonce()
  const datagrams = roles.flatMap((role) => planDatagrams(context, role, { mtuBytes: mtuBytes[role], nonce }))
  const downloads = planDownloads(context, { roles, balances })
  const responders: Responder[] = [...tasksOn(stack, 'clear'), ...tasksOn(stack, 'secret')].map((task) => ({
    at: inTask(task),
    port: echoPort,
    nonce,
  }))
  const { sent, wires } = await withWires(context, points, {}, async () => ({
    sent: await sendPlan<object>(context.probe, [...datagrams, ...downloads], { responders }),
  }))
  return {
    datagrams: sent.slice(0, datagrams.length) as SizedDatagram[],
    downloads: (sent.slice(datagrams.length) as Downloaded[]).map(withoutReplies),
    wires: Object.fromEntries(
      Object.entries(wires).map(([node, wire]) => [node, 'got' in wire ? { got: sizesOf(wire.got) } : wire]),
    ),
    ...{ mtuBytes, roles, leftOut },
  }
}

/** The file is random bytes. */
function withoutReplies(download: Downloaded): Downloaded {
  return { ...download, probe: { ...download.probe, replies: [] } }
}

/** The MTU engines give a network, with the network's own option. */
export function computedMtu(network: Pick<NetworkFacts, 'id' | 'encrypted'>, views: ViewsSeen): number {
  const view = Object.values(views)
    .flat()
    .find(({ id }) => id === network.id)
  return overlayMtu(statedMtu(view?.options ?? {}), network)
}

function planDatagrams(
  lab: Pick<ObserveContext, 'facts' | 'stack'>,
  role: Role,
  { mtuBytes, nonce }: { readonly mtuBytes: number; readonly nonce: string },
): Planned<Sizing>[] {
  const { stack } = lab
  return triedTaskPairs(lab, tasksOn(stack, role)).flatMap(([from, to]) =>
    [mtuBytes, mtuBytes + 1].flatMap((packetBytes): Planned<Sizing>[] => {
      const common = {
        from: inTask(from),
        to: addressOn(to, stack.networks[role]),
        dontFragment: true,
      }
      const entry = {
        ...{ from: from.id, to: to.id, network: role },
        ...{ packetBytes, fits: packetBytes === mtuBytes },
      }
      const payload = datagramFor(nonce, '', packetBytes - 28)
      return [
        { ...entry, protocol: 'icmp', request: { ...common, kind: 'icmp', packetBytes } },
        {
          ...entry,
          protocol: 'udp',
          request: { ...common, kind: 'udp', port: echoPort, payload, expectReply: true },
        },
      ]
    }),
  )
}
