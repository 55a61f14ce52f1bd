import { taskFacts } from '../../../lib/conformance/facts.ts'
import { observePart } from '../../../lib/conformance/missing.ts'
import { sendPlan } from '../../../lib/conformance/send-plan.ts'
import { addressIn, type TaskFacts, taskName } from '../../../lib/observation/facts.ts'
import type { Missing, Unseen } from '../../../lib/observation/judgement.ts'
import { type Part, part } from '../../../lib/observation/part.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import type { Problem } from '../../../lib/observation/problem.ts'
import type { IpvsService } from '../../../lib/observe/host-state.ts'
import { readBalancer } from '../../../lib/observe/read-balancer.ts'
import { poll } from '../../../lib/poll.ts'
import { dnsQuery } from '../../../lib/probe/dns.ts'
import type { ClusterNode } from '../../../lib/swarm/cluster.ts'
import { loadBalancerNamespace, namespacePath } from '../../../lib/swarm/namespaces.ts'
import { type Backend, type BalancerPlace, balancingProblems, markOfVip } from '../judging/balancer.ts'
import { choosesAtRandom, type RandomBackend, randomBackends } from '../../../lib/observe/random-balancer.ts'
import { randomBalancingProblems, whomItLists } from '../judging/random-balancer.ts'
import type { Changing } from './changing.ts'
import { type Asked, nameProblems, withoutTimes } from '../judging/name-problems.ts'
import { inTask } from '../sending/pair.ts'

/** A change of the number of tasks, and what every node showed of it from then on. */
export interface ScaleStage {
  /** From the update to the manager listing exactly so many running tasks. */
  readonly runningSeconds: number
  /** Those tasks. */
  readonly tasks: readonly TaskFacts[]
  /** From there on. */
  readonly shown: Polled<ShownLook>
}

/** DNS and IPVS of the nodes in one look. */
export interface ShownLook {
  readonly names: readonly Asked[]
  /** By node; null where it has no namespace to balance in. */
  readonly balancers: Readonly<Record<string, Part<BalancerSeen | null>>>
}

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

/**
 * What gossip loses is made good when networkdb exchanges its tables whole, every 30 s
 * (libnetwork/networkdb/cluster.go: bulkSyncInterval); usually the change shows within a second.
 */
export const shownWithinMs = 30_000

export async function scale(changing: Changing, count: number): Promise<ScaleStage> {
  const { trial, service, vip, lab } = changing
  const updatedAt = performance.now()
  await trial.update(service, [`--replicas=${count}`])
  const running = await trial.running([service], count)
  const runningSeconds = Math.round((performance.now() - updatedAt) / 100) / 10
  const tasks = running.map(taskFacts)
  const { clear } = lab.stack.networks
  const scaled = {
    ...{ service: service.name, network: clear.name, vip, tasks },
    namespace: loadBalancerNamespace(clear.id),
  }
  const shown = await poll(
    { what: `${count} tasks show on every node`, withinMs: shownWithinMs, everyMs: 500, signal: lab.signal },
    () => look(changing),
    (seen) => {
      const { problems, unseen } = judgeShown(seen, scaled)
      return [...problems, ...unseen]
    },
  )
  return { runningSeconds, tasks, shown }
}

async function look({ lab, clients, service, vip }: Changing): Promise<ShownLook> {
  const name = `tasks.${service.name}`
  const [names, balancers] = await Promise.all([
    sendPlan(
      lab.probe,
      clients.map((client) => ({ name, request: dnsQuery(inTask(client), name) })),
    ),
    Promise.all(
      clients.map(
        async ({ node }) =>
          [
            node.host.name,
            await observePart(() => balancerOf(node, lab.stack.networks.clear.id, vip)),
          ] as const,
      ),
    ),
  ])
  return { names: names.map(withoutTimes), balancers: Object.fromEntries(balancers) }
}

async function balancerOf({ host }: ClusterNode, network: string, vip: string): Promise<BalancerSeen | null> {
  const state = await readBalancer(host, namespacePath(loadBalancerNamespace(network)))
  if (state === undefined) return null
  const random = choosesAtRandom(state) ? { random: randomBackends(state) ?? null } : {}
  return { mark: markOfVip(state.firewall, vip) ?? null, ipvs: state.ipvs, ...random }
}

export interface Shown {
  readonly problems: readonly Problem[]
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

/** How DNS and IPVS of the nodes differ from the running tasks. */
export function judgeShown(seen: ShownLook, { service, network, namespace, vip, tasks }: Scaled): Shown {
  const backends = tasks.map((task) => ({
    name: taskName(task),
    address: addressIn(task, { name: network }),
  }))
  const expected = new Map(backends.map(({ name, address }) => [address, name]))
  const { got, missing, unseen } = part(seen.balancers, 'IPVS')
  const place = { network, service }
  const unreadable = [...got].flatMap(([node, balancer]) => (balancer?.random === null ? [node] : []))
  return {
    problems: [
      ...seen.names.flatMap((asked) => nameProblems(asked, expected, place)),
      ...[...got].flatMap(([node, balancer]): Problem[] =>
        balancer === null
          ? [{ ...place, code: 'balancer-missing', kind: 'missed', node, subject: namespace }]
          : balancerProblems(balancer, vip, backends, { ...place, node, address: vip }),
      ),
    ],
    missing,
    unseen: [...unseen, ...unreadable.map((node) => ({ what: whomItLists, nodes: [node] }))],
  }
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
