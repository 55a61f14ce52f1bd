import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import type { BurstCounts, BurstFlow, BurstHost, BurstLoad } from '../../../lib/probe/burst.ts'
import { askedLoad, existingLoad, labLoad, sharedLoad } from '../../../lib/probe/burst-load.ts'
import { sendBursts } from '../../../lib/probe/send-bursts.ts'
import type { Task } from '../../../lib/swarm/cluster.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import { addressOn, inTask, onNode, triedHomePairs, triedNodePairs } from '../sending/pair.ts'
import { type LeftOut, supportedTraffic } from './supported-traffic.ts'

/** Where a burst went: a network, or from host to host beneath it. */
export type BurstWay = 'clear' | 'secret' | 'underlay'

/** One ordered pair of nodes, by their names, on one way. */
export interface Burst extends BurstCounts {
  readonly way: BurstWay
  readonly from: string
  readonly to: string
}

/**
 * The same number of datagrams for every ordered pair of nodes that is tried, at the same time: by UDP between tasks of the clear
 * network and of its encrypted twin, and as echoes of ICMP from host to host.
 */
export interface Bursts {
  readonly load: BurstLoad
  readonly bursts: readonly Burst[]
  readonly hosts: Readonly<Record<string, BurstHost>>
  /** The encrypted network, where the kernels have no ESP. */
  readonly leftOut: readonly LeftOut[]
}

/** Recorded once per generation and shared. */
export const bursts = scene('bursts', record, { byPairs: true })

async function record(lab: ObserveContext): Promise<Bursts> {
  const { cluster, stack, facts, load: asked } = lab
  const { roles, leftOut } = await supportedTraffic(lab)
  const planned = [
    ...roles.flatMap((role) =>
      triedHomePairs(lab, tasksOn(stack, role)).map(([from, to]) => ({
        ...{ way: role, from: from.node.host.name, to: to.node.host.name },
        flow: flowOf(from, to, addressOn(to, stack.networks[role])),
      })),
    ),
    ...triedNodePairs(lab, cluster.nodes).map(([from, to]) => ({
      ...{ way: 'underlay' as const, from: from.host.name, to: to.host.name },
      flow: { from: onNode(from), to: onNode(to), address: to.dataPath.address, kind: 'echo' as const },
    })),
  ].filter(({ flow }) => flow.address !== '')
  const load =
    asked === undefined ? sharedLoad(facts.owned ? labLoad : existingLoad, planned.length) : askedLoad(asked)
  const { flows, hosts } = await sendBursts(
    planned.map(({ flow }) => flow),
    load,
  )
  return {
    ...{ load, hosts },
    bursts: planned.flatMap(({ flow: _, ...way }, index) => {
      const counts = flows[index]
      return counts === undefined ? [] : [{ ...way, ...counts }]
    }),
    leftOut: leftOut.filter(({ what }) => what === stack.networks.secret.name),
  }
}

function flowOf(from: Task, to: Task, address: string): BurstFlow {
  return { from: inTask(from), to: inTask(to), address, kind: 'udp' }
}
