import { requireNone } from '../../lib/conformance/require-none.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import type { ClusterNode, OverlayNetwork } from '../../lib/swarm/cluster.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { type NetworkView, readNetworkViews } from '../../lib/swarm/network-view.ts'
import { namespaceOf, rootOf, stateOf } from '../scene/kernel.ts'
import { looksAgain, untilSettled } from '../scene/until-settled.ts'
import { networkViews } from '../scene/views.ts'
import { internals, moby } from '../source.ts'

export const devices = conformanceTest({
  id: 'VXL-05',
  requirement:
    '`/run/docker/netns/1-…` of the network holds a bridge, a vxlan device with the VNI and a veth per local endpoint.',
  source: [
    internals('Inspecting vxlan tunnel interfaces'),
    moby('libnetwork/networkdb/cluster.go: bulkSyncInterval'),
  ],
  safety: 'production',
  needs: [],
  method:
    'On every node that has endpoints of a network, the network’s namespace is read: it must hold one bridge, with the gateway’s address, on it a VXLAN device with the network’s VNI and the swarm’s data-path port, and on it as many veth devices as the engine has local endpoints, all of them up. In the host’s own namespace there must be no VXLAN device with a VNI of these networks. ' +
    looksAgain,
  usualCauses: [
    'setting up the sandbox failed half way (search the engine log for "failed to add network sandbox" or "vxlan")',
    'another program took the VNI and port, so the VXLAN device could not be made',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/1-NETWORK ip -d link',
    'ip -d link show type vxlan in the host’s namespace: a device with the same VNI and port blocks the engine’s',
    'docker service update --force SERVICE sets its endpoints up again',
  ],
  async run(context) {
    const { evidence } = context
    const { problems, seen } = await untilSettled(context, async (fresh) =>
      look(
        context,
        await context.state({ fresh }),
        await (fresh ? readNetworkViews(context.cluster) : networkViews(context)),
      ),
    )
    evidence.observe('expected devices', seen)
    requireNone('every namespace of a network holds its bridge, VXLAN device and endpoints', problems)
    if (seen.length === 0) throw new Error('no node has an endpoint on any network of the stack')
    evidence.conclude(
      `${seen.length} namespaces hold their bridge with the gateway’s address, VXLAN device and a veth per endpoint; none of these devices is in a host’s own namespace`,
    )
  },
})

function look(
  { cluster, stack }: TestContext,
  states: ReadonlyMap<string, HostState>,
  views: ReadonlyMap<string, readonly NetworkView[]>,
): { readonly problems: readonly string[]; readonly seen: readonly object[] } {
  const problems: string[] = []
  const seen: object[] = []
  for (const network of Object.values(stack.networks)) {
    const namespace = overlayNamespace(network.id)
    for (const node of cluster.nodes) {
      const view = views.get(node.host.name)?.find(({ id }) => id === network.id)
      const endpoints = Object.keys(view?.endpoints ?? {}).length
      if (endpoints === 0) continue
      const where = `${network.name} on ${node.host.name}`
      const tables = namespaceOf(stateOf(states, node), namespace, 'ip')
      const expected = {
        ...{ vni: network.vni, port: cluster.dataPathPort, endpoints },
        gateway: network.gateway,
      }
      const found =
        tables === undefined ? [`there is no namespace ${namespace}`] : deviceProblems(tables, expected)
      problems.push(...found.map((problem) => `${where}: ${problem}`))
      seen.push({ network: network.name, node: node.host.name, ...expected })
    }
  }
  problems.push(...outside(cluster.nodes, states, Object.values(stack.networks)))
  return { problems, seen }
}

export function deviceProblems(
  { links }: Pick<NamespaceState, 'links'>,
  expected: {
    readonly vni: number
    readonly port: number
    readonly endpoints: number
    readonly gateway: string
  },
): string[] {
  const bridges = links.filter((link) => link.kind === 'bridge')
  const [bridge] = bridges
  if (bridge === undefined || bridges.length > 1) return [`${bridges.length} bridges, expected 1`]
  const vxlan = links.find((link) => link.vxlan?.vni === expected.vni)
  const veths = links.filter((link) => link.kind === 'veth' && link.master === bridge.name)
  const problems: string[] = []
  if (vxlan === undefined) problems.push(`no VXLAN device with VNI ${expected.vni}`)
  else {
    if (vxlan.master !== bridge.name) problems.push(`${vxlan.name} is not on ${bridge.name}`)
    if (vxlan.vxlan?.port !== expected.port)
      problems.push(`${vxlan.name} uses UDP port ${vxlan.vxlan?.port}, expected ${expected.port}`)
  }
  if (!bridge.addresses.some(({ address }) => address === expected.gateway))
    problems.push(`${bridge.name} does not have the gateway’s address ${expected.gateway}`)
  if (veths.length !== expected.endpoints)
    problems.push(
      `${veths.length} veth devices on ${bridge.name}, expected ${expected.endpoints}, one per endpoint`,
    )
  return [
    ...problems,
    ...[bridge, vxlan, ...veths].flatMap((link) =>
      link === undefined || link.up ? [] : [`${link.name} is down`],
    ),
  ]
}

/** VXLAN devices of these networks outside their namespaces, where the host could reach into the overlay. */
function outside(
  nodes: readonly ClusterNode[],
  states: ReadonlyMap<string, HostState>,
  networks: readonly OverlayNetwork[],
): string[] {
  return nodes.flatMap((node) =>
    rootOf(stateOf(states, node), 'ip').links.flatMap((link) => {
      const network = networks.find(({ vni }) => vni === link.vxlan?.vni)
      return network === undefined
        ? []
        : [`${link.name} of ${network.name} is in the host's own namespace on ${node.host.name}`]
    }),
  )
}
