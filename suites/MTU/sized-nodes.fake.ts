import { type ClusterFacts, nodeOf, type TaskFacts } from '../../lib/observation/facts.ts'
import type { ProbeOutcomeSeen, ProbeSeen } from '../../lib/observation/probe-seen.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { loadBalancerNamespace, overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { hostState, link, namespace } from '../host-states.fake.ts'
import type { SizedDatagram } from '../scene/recordings/sizes.ts'
import { sizesOf, type WireSizes } from '../scene/recordings/wire-sizes.ts'
import { threeNodes } from '../three-nodes.fake.ts'

export const facts = threeNodes()
export const names: readonly string[] = facts.nodes.map(({ name }) => name)

const { clear } = facts.networks

/** A node with the clear network: its own namespace, its load balancer, and tasks. */
export function nodeWith(name: string, overlayMtu = 1450, underlayMtu = 1500): HostState {
  const own = facts.tasks.filter(({ node }) => node === name)
  return hostState(name, namespace([link('eth1', underlayMtu, { addresses: ['192.168.56.11/24'] })]), {
    [overlayNamespace(clear.id)]: namespace([
      link('lo', 65_536),
      link('br0', overlayMtu),
      link('vxlan0', overlayMtu),
    ]),
    [loadBalancerNamespace(clear.id)]: namespace([link('eth0', overlayMtu, { kind: 'veth' })]),
    ...Object.fromEntries(own.map((task) => [`sandbox-${task.service}`, sandbox(task, overlayMtu)])),
  })
}

function sandbox({ endpoints }: TaskFacts, mtuBytes: number) {
  const { address, mac } = endpoints[clear.name] ?? { address: '', mac: '' }
  return namespace([link('lo', 65_536), link('eth0', mtuBytes, { addresses: [`${address}/24`], mac })])
}

/** A view of the clear network, with the driver's MTU option where one is given. */
export function viewOfClear(mtu?: number) {
  return {
    ...{ id: clear.id, name: clear.name, driver: 'overlay', scope: 'swarm', subnets: [clear.subnet] },
    ...{ gateways: [clear.gateway], peers: [], endpoints: {} },
    options: mtu === undefined ? {} : { 'com.docker.network.driver.mtu': String(mtu) },
  }
}

/** Datagrams of both sizes between all tasks on different nodes, as they should end, but for what `ends` says. */
export function sizedDatagrams(
  mtuBytes: number,
  ends: (from: TaskFacts, to: TaskFacts, fits: boolean) => ProbeOutcomeSeen | undefined = () => undefined,
): SizedDatagram[] {
  return facts.tasks.flatMap((from) =>
    facts.tasks
      .filter(({ node }) => node !== from.node)
      .flatMap((to) =>
        [true, false].map((fits) => {
          const outcome = ends(from, to, fits) ?? (fits ? 'answered' : 'too-big')
          return {
            ...{ from: from.id, to: to.id, network: 'clear', protocol: 'icmp', fits },
            ...{ packetBytes: fits ? mtuBytes : mtuBytes + 1, probe: probe(from, to, outcome) },
          }
        }),
      ),
  )
}

function probe(from: TaskFacts, to: TaskFacts, outcome: ProbeOutcomeSeen): ProbeSeen {
  return {
    ...{ kind: 'icmp', from: `${from.service}@${from.node}`, fromNode: from.node, outcome },
    ...{ to: to.endpoints[clear.name]?.address ?? '', elapsedMs: outcome === 'timeout' ? 5000 : 1 },
    ...{ attempts: [], replies: [], replyBytes: [], ...(outcome === 'too-big' ? { errno: 'EMSGSIZE' } : {}) },
  }
}

/** What left each node for each other of the clear network: one VXLAN packet of these sizes. */
export function wiresWith(
  outerBytes: readonly number[],
  on: Pick<ClusterFacts, 'nodes'> = facts,
): Record<string, { got: WireSizes }> {
  return Object.fromEntries(
    names.map((node) => {
      const frames = names
        .filter((name) => name !== node)
        .flatMap((name) => outerBytes.map((bytes) => ({ bytes, to: nodeOf(on, name).dataPath.address })))
        .map(({ bytes, to }, index) => ({
          ...{ index: index + 1, at: 0, egress: true, digest: '', matched: [], wireBytes: bytes + 14 },
          outer: { source: nodeOf(on, node).dataPath.address, destination: to, ttl: 64, bytes },
          ...{ udp: { from: 40_000, to: 4789 }, vxlan: { vni: clear.vni, valid: true } },
        }))
      const wire = { node, interface: 'eth1', file: `captures/${node}.pcap`, startedAt: '', endedAt: '' }
      const counters = { passedOver: {}, droppedByKernel: 0, droppedByInterface: 0 }
      return [node, { got: sizesOf({ ...wire, ...counters, frames }) }]
    }),
  )
}

/** The scene, of the clear network alone. */
export function sizesSeen(mtuBytes: number, more: object = {}): object {
  return {
    ...{ datagrams: sizedDatagrams(mtuBytes), downloads: [], wires: wiresWith([102, mtuBytes + 50]) },
    ...{ mtuBytes: { clear: mtuBytes, secret: 1424 }, roles: ['clear'], leftOut: [], ...more },
  }
}
