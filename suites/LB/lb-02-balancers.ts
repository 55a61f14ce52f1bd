import { requirement } from '../../lib/conformance/test.ts'
import {
  addressIn,
  type ClusterFacts,
  type NetworkFacts,
  type ServiceFacts,
  taskName,
} from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { gather, type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { NamespaceState } from '../../lib/observe/host-state.ts'
import { ingressNamespace, loadBalancerNamespace } from '../../lib/swarm/namespaces.ts'
import { markOfVip } from '../../lib/observe/balancer-marks.ts'
import { type Backend, balancingProblems } from '../scene/judging/balancer.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { kernel, type KernelSeen, namespaceSeen } from '../scene/judging/kernel-seen.ts'
import { choosesAtRandom, randomBackends } from '../../lib/observe/random-balancer.ts'
import { otherBalancerProblems, othersJudged, type OthersPart } from '../scene/judging/others.ts'
import { randomBalancingProblems, whomItLists } from '../scene/judging/random-balancer.ts'
import { others, othersPart } from '../scene/recordings/others.ts'
import { internals } from '../source.ts'
import { namesMissingIn282 } from '../known-issues.ts'

interface Seen {
  readonly kernel: KernelSeen
  readonly others?: OthersPart
}

export const balancers = requirement({
  id: 'LB-02',
  requirement:
    'IPVS in every load-balancer namespace lists exactly the running tasks: fwmark service, rr, weight > 0.',
  source: [internals('ingress')],
  safety: 'production',
  quick: true,
  needs: ['ipvs'],
  knownIssues: [namesMissingIn282],
  method:
    'For each service with a VIP the balancer of every node that runs a task on the network (namespace lb_…), and the ingress balancer of every node, are read: a firewall rule must mark packets for the VIP, and the IPVS service of that mark must use the scheduler rr and list the addresses of exactly the running tasks with a weight above 0. In the networks of the stack no other IPVS service may be left. The same is read for VIPs of other services of the swarm on their networks; what differs there is looked at again for up to 30 s. Of a balancer that chooses at random by rules of nftables, without IPVS, the map that it chooses from must hold exactly these tasks.',
  usualCauses: [
    'gossip does not reach the node, so it has not heard of tasks that came or went (search the engine log for "memberlist")',
    'a container died while the engine was restarting: its entry stays',
    'a task is being drained: its weight is 0 until it has stopped',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln on each node: compare',
    'nsenter --net=/run/docker/netns/ingress_sbox ipvsadm -ln for published ports',
    'docker service update --force SERVICE; if that does not help, restart the engine of the node that differs',
  ],
  codes: [
    'balancer-missing',
    'balancer-not-set-up',
    'balancer-lacks-service',
    'balancer-lacks-task',
    'balancer-lists-stranger',
    'balancer-weight-zero',
    'balancer-scheduler-differs',
    'balancer-left-over',
  ],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [kernel, others],
  observe: async (lab): Promise<Seen> => ({ kernel: await lab.scene(kernel), others: await othersPart(lab) }),
  judge({ kernel: seen, others: ofOthers }, facts) {
    const expected = balancersOf(facts)
    const byPlace = new Map(
      expected.map((balancer) => [
        placeOf(balancer),
        namespaceSeen(seen, balancer.node, balancer.namespace, 'firewall'),
      ]),
    )
    const unread = expected.flatMap((balancer) => {
      const state = byPlace.get(placeOf(balancer))
      return state === undefined || 'got' in state ? [] : [part({ [balancer.node]: state }, 'kernel state')]
    })
    const unsaid = expected.filter((balancer) => {
      const state = byPlace.get(placeOf(balancer))
      const got = state !== undefined && 'got' in state ? state.got : undefined
      return choosesAtRandom(got) && randomBackends(got) === undefined
    })
    const judged = expected.filter((balancer) => !unsaid.includes(balancer))
    const besides = othersJudged(ofOthers, otherBalancerProblems)
    return judgement({
      problems: [
        ...judged.flatMap((balancer) => problemsOf(balancer, byPlace.get(placeOf(balancer)))),
        ...leftOvers(judged, byPlace),
        ...besides.problems,
      ],
      missing: gather(unread.flatMap(({ missing }) => missing)),
      unseen: [
        ...unread.flatMap(({ unseen }) => unseen),
        ...besides.unseen,
        ...(unsaid.length === 0
          ? []
          : [{ what: whomItLists, nodes: [...new Set(unsaid.map(({ node }) => node))] }]),
      ],
      tables: {
        'balancers that must be there': expected.map(({ service, namespace, node, vip, backends }) => ({
          ...{ node, namespace, service, vip, tasks: backends.map(({ address }) => address) },
        })),
      },
      conclusion:
        expected.length === 0
          ? ''
          : `${expected.length} balancers on ${facts.nodes.length} nodes list exactly the running tasks, round robin`,
    })
  },
})

/** One balancer: a service with a VIP on a network, in a namespace of a node. */
interface Balancer {
  readonly service: string
  readonly network: NetworkFacts
  readonly node: string
  readonly namespace: string
  readonly vip: string
  readonly backends: readonly Backend[]
}

type Tables = ReadonlyMap<string, Part<NamespaceState | undefined>>

function placeOf({ node, namespace }: Pick<Balancer, 'node' | 'namespace'>): string {
  return `${node} ${namespace}`
}

function balancersOf({ networks, services, nodes, tasks }: ClusterFacts): Balancer[] {
  return Object.values(services).flatMap((service: ServiceFacts) =>
    Object.values(networks).flatMap((network: NetworkFacts) => {
      const vip = service.vips[network.id]
      if (vip === undefined) return []
      const backends = tasks
        .filter((task) => task.service === service.name)
        .map((task) => ({ name: taskName(task), address: addressIn(task, network) }))
      const hasTask = (node: string): boolean =>
        tasks.some((task) => task.node === node && task.endpoints[network.name] !== undefined)
      const namespace = network.ingress ? ingressNamespace : loadBalancerNamespace(network.id)
      return nodes
        .filter(({ name }) => network.ingress || hasTask(name))
        .map(({ name: node }) => ({ service: service.name, network, node, namespace, vip, backends }))
    }),
  )
}

function problemsOf(
  { namespace, vip, backends, node, network, service }: Balancer,
  state: Part<NamespaceState | undefined> | undefined,
): Problem[] {
  if (state === undefined || !('got' in state)) return []
  const place = { node, network: network.name, service, address: vip }
  if (state.got === undefined)
    return [{ ...place, code: 'balancer-missing', kind: 'missed', subject: namespace }]
  const chosen = randomBackends(state.got)
  return chosen === undefined
    ? balancingProblems(state.got.ipvs, markOfVip(state.got.firewall, vip), backends, place)
    : randomBalancingProblems(chosen, vip, backends, place)
}

/** IPVS services, and addresses of balancers without IPVS, that no VIP of the stack accounts for. Other services may publish ports, so ingress is left out. */
function leftOvers(expected: readonly Balancer[], tables: Tables): Problem[] {
  const own = expected.filter(({ network }) => !network.ingress)
  return [...groupBy(own, placeOf)].flatMap(([place, balancers]) => {
    const [first] = balancers
    const state = tables.get(place)
    if (first === undefined || state === undefined || !('got' in state)) return []
    const firewall = state.got?.firewall ?? []
    const marks = balancers.map(({ vip }) => markOfVip(firewall, vip))
    const left = (state.got?.ipvs ?? [])
      .filter(({ firewallMark }) => !marks.includes(firewallMark))
      .map(({ firewallMark }) => `mark ${firewallMark}`)
    const chosen = (randomBackends(state.got) ?? []).flatMap(({ vip }) => vip ?? [])
    const vips = [...new Set(chosen)].filter((vip) => !balancers.some((balancer) => balancer.vip === vip))
    return [...left, ...vips].map((observed): Problem => ({
      ...{ code: 'balancer-left-over', kind: 'seen', node: first.node, network: first.network.name },
      ...{ subject: first.namespace, observed },
    }))
  })
}
