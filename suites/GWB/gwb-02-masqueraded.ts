import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { containsBytes, outerIp } from '../../lib/packet/query.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { type Outbound, control, outboundPort } from '../scene/control.ts'
import { everyPacket } from '../scene/frames.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { requireTaskOnEveryNode, taskLabel } from '../scene/pair.ts'
import { taskNamespace } from '../scene/task-namespace.ts'
import { internals } from '../source.ts'
import { contains } from '../../lib/topology/cidr.ts'

const bridge = 'docker_gwbridge'

export const masqueraded = conformanceTest({
  id: 'GWB-02',
  requirement:
    'Outbound traffic of a task leaves through docker_gwbridge, masqueraded to the host’s address.',
  source: [internals('docker_gwbridge')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'A task on each node sends a datagram with a nonce to another node’s address on the underlay, which is recorded there: it must arrive, with the sending node’s own address as its source. The task’s default route must lead to an address in the subnet of docker_gwbridge.',
  usualCauses: [
    'the MASQUERADE rule of docker_gwbridge is gone (firewall reload, iptables -t nat -F)',
    'FORWARD drops what comes from docker_gwbridge, or net.ipv4.ip_forward is 0',
    'another tool set the task’s default route',
  ],
  remedy: [
    'iptables -t nat -nvL POSTROUTING and iptables -nvL FORWARD on the node named; sysctl net.ipv4.ip_forward',
    'restart the engine: it writes its rules again',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const { outbound, recordings } = await control(context)
    const states = await context.state()
    const packets = everyPacket(recordings.values(), cluster.nodes)
    const looks = outbound.map((one) => {
      const seen = packets.filter(({ packet }) => containsBytes(packet, Buffer.from(one.nonce)))
      const arrived = seen.filter(({ node }) => node === one.to).map(({ packet }) => packet)
      return {
        ...one,
        left: seen.filter(({ node }) => node === one.from.node).length,
        arrived,
        sources: [...new Set(arrived.map((packet) => outerIp(packet)?.source ?? ''))],
        route: defaultRoute(one.from, states),
        subnets: bridgeSubnets(one.from, states),
      }
    })
    evidence.observe(
      `datagrams of tasks to UDP port ${outboundPort} of other nodes`,
      looks.map(({ from, to, left, sources, route, subnets }) => ({
        from: taskLabel(from),
        to: to.host.name,
        seenOnSendersUnderlay: left,
        sourceOnArrival: sources,
        expectedSource: from.node.advertise.address,
        defaultRouteOfTask: route,
        subnetsOfBridge: subnets,
      })),
    )
    evidence.packets(
      'datagrams as they arrived',
      looks.flatMap(({ arrived }) => arrived),
    )
    requireNone('outbound traffic of tasks leaves through docker_gwbridge with the address of the host', [
      ...looks.flatMap((look) => [...arrivalProblems(look), ...routeProblems(look)]),
    ])
    requireTaskOnEveryNode(
      cluster.nodes,
      looks.map(({ from }) => from),
      'the stack',
    )
    evidence.conclude(
      `a datagram of one task on each of ${looks.length} nodes arrived at another with the sending node’s address; their default routes lead through docker_gwbridge`,
    )
  },
})

type Look = Outbound & {
  readonly left: number
  readonly sources: readonly string[]
  readonly route: string | undefined
  readonly subnets: readonly string[]
}

function arrivalProblems({ from, to, left, sources, observation }: Look): string[] {
  const path = `${taskLabel(from)} → ${to.host.name} (${to.advertise.address})`
  if (sources.length === 0) {
    return [
      observation.outcome !== 'sent'
        ? `${path}: the task could not send (${observation.outcome}${observation.errno === undefined ? '' : ` ${observation.errno}`})`
        : left === 0
          ? `${path}: the datagram never left ${from.node.host.name}`
          : `${path}: the datagram left ${from.node.host.name} and did not arrive`,
    ]
  }
  return sources
    .filter((source) => source !== from.node.advertise.address)
    .map((source) => `${path}: arrived from ${source}, expected ${from.node.advertise.address}`)
}

function routeProblems({ from, route, subnets }: Look): string[] {
  if (route === undefined) return [`${taskLabel(from)} has no default route`]
  if (subnets.some((subnet) => contains(subnet, route))) return []
  return [
    `${taskLabel(from)}: its default route leads to ${route}, which is not in ${bridge} (${subnets.join(', ')})`,
  ]
}

function defaultRoute(task: Task, states: ReadonlyMap<string, HostState>): string | undefined {
  const namespace = taskNamespace(task, states)
  if (namespace === undefined) throw new Error(`the network namespace of ${taskLabel(task)} was not found`)
  return namespace.routes.find(({ destination }) => destination === 'default')?.gateway
}

function bridgeSubnets(task: Task, states: ReadonlyMap<string, HostState>): string[] {
  return rootOf(stateOf(states, task.node), 'ip')
    .links.filter(({ name }) => name === bridge)
    .flatMap(({ addresses }) => addresses.filter(({ family }) => family === 'inet'))
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`)
}
