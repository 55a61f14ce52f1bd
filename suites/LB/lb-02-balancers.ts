import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import type { ClusterNode, OverlayNetwork, Service } from '../../lib/swarm/cluster.ts'
import { ingressNamespace, loadBalancerNamespace } from '../../lib/swarm/namespaces.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { type Backend, balancerProblems, markOfVip } from '../scene/balancer.ts'
import { namespaceOf, stateOf } from '../scene/kernel.ts'
import { addressOn, taskLabel } from '../scene/pair.ts'
import { internals } from '../source.ts'

/** One balancer: a service with a VIP on a network, in a namespace of a node. */
interface Balancer {
  readonly service: Service
  readonly network: OverlayNetwork
  readonly node: ClusterNode
  readonly namespace: string
  readonly vip: string
  readonly backends: readonly Backend[]
}

export const balancers = conformanceTest({
  id: 'LB-02',
  requirement:
    'IPVS in every load-balancer namespace lists exactly the running tasks: fwmark service, rr, weight > 0.',
  source: [internals('ingress')],
  safety: 'production',
  quick: true,
  needs: ['ipvs'],
  method:
    'For each service with a VIP the balancer of every node that runs a task on the network (namespace lb_…), and the ingress balancer of every node, are read: a firewall rule must mark packets for the VIP, and the IPVS service of that mark must use the scheduler rr and list the addresses of exactly the running tasks with a weight above 0. In the networks of the stack no other IPVS service may be left.',
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
  async run(context) {
    const { stack, cluster, evidence } = context
    const states = await context.state()
    const expected = balancersOf(stack, cluster.nodes)
    const problems = expected.flatMap((balancer) => {
      const { service, namespace, node } = balancer
      const where = `${node.host.name}, ${service.name} in ${namespace}`
      return problemsOf(balancer, stateOf(states, node)).map((problem) => `${where}: ${problem}`)
    })
    evidence.observe(
      'balancers that must be there',
      expected.map(({ service, namespace, node, vip, backends }) => ({
        node: node.host.name,
        namespace,
        service: service.name,
        vip,
        tasks: backends.map(({ address }) => address),
      })),
    )
    requireNone('every balancer lists exactly the running tasks', [
      ...problems,
      ...leftOvers(expected, states),
    ])
    if (expected.length === 0) throw new Error('no service of the stack has a VIP')
    evidence.conclude(
      `${expected.length} balancers on ${cluster.nodes.length} nodes list exactly the running tasks, round robin`,
    )
  },
})

function balancersOf(stack: Stack, nodes: readonly ClusterNode[]): Balancer[] {
  const networks = Object.values(stack.networks)
  return Object.values(stack.services).flatMap((service) =>
    networks.flatMap((network) => {
      const vip = service.vips[network.id]
      if (vip === undefined) return []
      const backends = stack.tasks
        .filter((task) => task.service === service.name)
        .map((task) => ({ name: taskLabel(task), address: addressOn(task, network) }))
      const hasTask = (node: ClusterNode): boolean =>
        stack.tasks.some((task) => task.node === node && task.endpoints[network.name] !== undefined)
      const namespace = network.ingress ? ingressNamespace : loadBalancerNamespace(network.id)
      return nodes
        .filter((node) => network.ingress || hasTask(node))
        .map((node) => ({ service, network, node, namespace, vip, backends }))
    }),
  )
}

function problemsOf({ namespace, vip, backends }: Balancer, state: HostState): string[] {
  const tables = namespaceOf(state, namespace, 'iptables-save')
  if (tables === undefined) return ['the namespace does not exist']
  const mark = markOfVip(tables.firewall, vip)
  return mark === undefined
    ? [`no rule marks packets for VIP ${vip}`]
    : balancerProblems(tables, mark, backends)
}

/** IPVS services no VIP of the stack accounts for. Other services may publish ports, so ingress is left out. */
function leftOvers(expected: readonly Balancer[], states: ReadonlyMap<string, HostState>): string[] {
  const own = expected.filter(({ network }) => !network.ingress)
  const places = new Map(
    own.map((balancer) => [`${balancer.node.host.name} ${balancer.namespace}`, balancer]),
  )
  return [...places.values()].flatMap(({ node, namespace }) => {
    const tables = namespaceOf(stateOf(states, node), namespace, 'iptables-save')
    const marks = own
      .filter((balancer) => balancer.node === node && balancer.namespace === namespace)
      .map(({ vip }) => markOfVip(tables?.firewall ?? [], vip))
    return (tables?.ipvs ?? [])
      .filter(({ firewallMark }) => !marks.includes(firewallMark))
      .map(
        ({ firewallMark }) =>
          `${node.host.name}, ${namespace}: an IPVS service for mark ${firewallMark} belongs to no VIP of the stack`,
      )
  })
}
