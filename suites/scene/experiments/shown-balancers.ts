import { observePart } from '../../../lib/conformance/missing.ts'
import { addressIn, type TaskFacts, taskName } from '../../../lib/observation/facts.ts'
import type { Missing, Unseen } from '../../../lib/observation/judgement.ts'
import { type Part, part } from '../../../lib/observation/part.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import type { Problem } from '../../../lib/observation/problem.ts'
import type { IpvsService } from '../../../lib/observe/host-state.ts'
import { choosesAtRandom, type RandomBackend, randomBackends } from '../../../lib/observe/random-balancer.ts'
import { readBalancer } from '../../../lib/observe/read-balancer.ts'
import { poll } from '../../../lib/poll.ts'
import type { ClusterNode } from '../../../lib/swarm/cluster.ts'
import { loadBalancerNamespace, namespacePath } from '../../../lib/swarm/namespaces.ts'
import { markOfVip } from '../../../lib/observe/balancer-marks.ts'
import { type Backend, type BalancerPlace, balancingProblems } from '../judging/balancer.ts'
import { randomBalancingProblems, whomItLists } from '../judging/random-balancer.ts'
import type { Changing } from './changing.ts'

/** Of problems that `judgeBalancers` tells. */
export const balancerCodes = [
  ...(['balancer-missing', 'balancer-not-set-up', 'balancer-lacks-service', 'balancer-lacks-task'] as const),
  ...(['balancer-weight-zero', 'balancer-lists-stranger', 'balancer-scheduler-differs'] as const),
]

/** By node; null where it has no namespace to balance in. */
export type ShownBalancers = Readonly<Record<string, Part<BalancerSeen | null>>>

export interface BalancerSeen {
  /** Of packets for the virtual IP; null where nothing marks them. */
  readonly mark: number | null
  readonly ipvs: readonly IpvsService[]
  /** Of a balancer that chooses at random: what from, by virtual IP; null where its rules do not say. */
  readonly random?: readonly RandomBackend[] | null
}

/** What a look is compared with. */
export interface Scaled {
  readonly service: string
  readonly network: string
  /** In which nodes balance on that network. */
  readonly namespace: string
  readonly vip: string
  readonly tasks: readonly TaskFacts[]
}

/** Balancers that were looked at because requests failed, beside the tasks that ran by then. */
export interface BalancersBeside {
  readonly tasks: readonly TaskFacts[]
  readonly shown: Polled<ShownBalancers>
}

/**
 * What gossip loses is made good when networkdb exchanges its tables whole, every 30 s
 * (libnetwork/networkdb/cluster.go: bulkSyncInterval); usually the change shows within a second.
 */
export const shownWithinMs = 30_000

/** The balancers of the service on the nodes of the clients. */
export async function balancersOf({ lab, clients, vip }: Changing): Promise<ShownBalancers> {
  const { id } = lab.stack.networks.clear
  return Object.fromEntries(
    await Promise.all(
      clients.map(
        async ({ node }) => [node.host.name, await observePart(() => balancerOf(node, id, vip))] as const,
      ),
    ),
  )
}

async function balancerOf({ host }: ClusterNode, network: string, vip: string): Promise<BalancerSeen | null> {
  const state = await readBalancer(host, namespacePath(loadBalancerNamespace(network)))
  if (state === undefined) return null
  const random = choosesAtRandom(state) ? { random: randomBackends(state) ?? null } : {}
  return { mark: markOfVip(state.firewall, vip) ?? null, ipvs: state.ipvs, ...random }
}

export function scaledTo(
  { lab, service, vip }: Pick<Changing, 'lab' | 'service' | 'vip'>,
  tasks: readonly TaskFacts[],
): Scaled {
  const { clear } = lab.stack.networks
  return {
    ...{ service: service.name, network: clear.name, vip, tasks },
    namespace: loadBalancerNamespace(clear.id),
  }
}

/** Looks until the balancers list exactly these tasks, as long as gossip may need to make good what it lost. */
export async function balancersBeside(
  changing: Changing,
  tasks: readonly TaskFacts[],
): Promise<BalancersBeside> {
  const scaled = scaledTo(changing, tasks)
  const shown = await poll(
    {
      what: `the balancers of ${changing.service.name}`,
      ...{ withinMs: shownWithinMs, everyMs: 2_000, signal: changing.lab.signal },
    },
    () => balancersOf(changing),
    (seen) => {
      const { problems, unseen } = judgeBalancers(seen, scaled)
      return [...problems, ...unseen]
    },
  )
  return { tasks, shown }
}

export interface Shown {
  readonly problems: readonly Problem[]
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

/** How IPVS of the nodes, or what stands in its place, differs from the running tasks. */
export function judgeBalancers(
  seen: ShownBalancers,
  { service, network, namespace, vip, tasks }: Scaled,
): Shown {
  const backends = tasks.map((task) => ({
    name: taskName(task),
    address: addressIn(task, { name: network }),
  }))
  const { got, missing, unseen } = part(seen, 'IPVS')
  const place = { network, service }
  const unreadable = [...got].flatMap(([node, balancer]) => (balancer?.random === null ? [node] : []))
  return {
    problems: [...got].flatMap(([node, balancer]): Problem[] =>
      balancer === null
        ? [{ ...place, code: 'balancer-missing', kind: 'missed', node, subject: namespace }]
        : balancerProblems(balancer, vip, backends, { ...place, node, address: vip }),
    ),
    missing,
    unseen: [...unseen, ...unreadable.map((node) => ({ what: whomItLists, nodes: [node] }))],
  }
}

/** Where requests failed and balancers were looked at for that: what is wrong with them, of the last look. */
export function problemsBeside(
  beside: BalancersBeside | undefined,
  changed: Omit<Scaled, 'tasks'>,
): readonly Problem[] {
  if (beside === undefined) return []
  return judgeBalancers(beside.shown.last, { ...changed, tasks: beside.tasks }).problems
}

function balancerProblems(
  { ipvs, mark, random }: BalancerSeen,
  vip: string,
  backends: readonly Backend[],
  place: BalancerPlace,
): Problem[] {
  if (random === null) return []
  return random === undefined
    ? balancingProblems(ipvs, mark, backends, place)
    : randomBalancingProblems(random, vip, backends, place)
}
