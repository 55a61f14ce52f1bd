import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { readNetworkViews } from '../../lib/swarm/network-view.ts'
import { kernel, type DevicesSeen, namespaceSeen, rootSeen } from '../scene/judging/kernel-seen.ts'
import { looksAgain, pollUntilSettled, settledProblems } from '../scene/polling/until-settled.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { internals, moby } from '../source.ts'
import { partsByNode } from './parts-by-node.ts'
import { type DevicePlace, placeProblems } from './network-devices.ts'

export const devices = requirement({
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
  codes: [
    'network-namespace-missing',
    'bridge-missing',
    'vxlan-device-missing',
    'device-off-bridge',
    'device-port-differs',
    'gateway-address-missing',
    'endpoint-devices-differ',
    'device-down',
    'device-outside',
  ],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => pollUntilSettled(lab, (fresh) => look(lab, fresh), problemsOf),
  judge(polled) {
    const { places, own } = polled.last
    const all = [
      ...places.map(({ node, links: seen }) => ({ node, seen })),
      ...Object.entries(own).map(([node, seen]) => ({ node, seen })),
    ]
    const { missing, unseen } = part(partsByNode(all), 'devices')
    const settled = settledProblems(polled, problemsOf, 'devices')
    return judgement({
      problems: settled.problems,
      missing,
      unseen: [...unseen, ...settled.unseen],
      tables: { 'expected devices': places.map(({ links: _, ...expected }) => expected) },
      conclusion:
        places.length === 0
          ? ''
          : `${places.length} namespaces hold their bridge with the gateway’s address, VXLAN device and a veth per endpoint; none of these devices is in a host’s own namespace`,
    })
  },
})

interface Look {
  readonly places: readonly DevicePlace[]
  /** VXLAN devices in each node's own namespace, with the network whose VNI they have. */
  readonly own: Readonly<
    Record<string, Part<readonly { readonly device: string; readonly network: string }[]>>
  >
}

async function look(lab: ObserveContext, fresh: boolean): Promise<Look> {
  const { facts, cluster } = lab
  const [states, views] = fresh
    ? [Object.fromEntries(await lab.devices()), Object.fromEntries(await readNetworkViews(cluster))]
    : [await lab.scene(kernel), await lab.scene(networkViewsSeen)]
  return { places: placesOf(facts, states, views), own: ownDevices(facts, states) }
}

function placesOf(facts: ClusterFacts, states: DevicesSeen, views: ViewsSeen): DevicePlace[] {
  return Object.values(facts.networks).flatMap(({ id, name: network, vni, gateway }) =>
    facts.nodes.flatMap(({ name: node }): DevicePlace[] => {
      const view = views[node]?.find((one) => one.id === id)
      const endpoints = Object.keys(view?.endpoints ?? {}).length
      if (endpoints === 0) return []
      const namespace = overlayNamespace(id)
      const seen = namespaceSeen(states, node, namespace, 'devices')
      const links = 'got' in seen ? { got: seen.got?.links ?? null } : seen
      return [{ network, node, namespace, vni, port: facts.dataPathPort, endpoints, gateway, links }]
    }),
  )
}

function ownDevices(facts: ClusterFacts, states: DevicesSeen): Look['own'] {
  return Object.fromEntries(
    facts.nodes.map(({ name }): readonly [string, Look['own'][string]] => {
      const root = rootSeen(states, name, 'devices')
      if (!('got' in root)) return [name, root]
      const got = root.got.links.flatMap(({ name: device, vxlan }) => {
        const network = Object.values(facts.networks).find(({ vni }) => vni === vxlan?.vni)
        return network === undefined ? [] : [{ device, network: network.name }]
      })
      return [name, { got }]
    }),
  )
}

/** VXLAN devices of the stack's networks in a node's own namespace are problems, too: the host reaches into the overlay. */
function problemsOf({ places, own }: Look): Problem[] {
  return [
    ...places.flatMap(placeProblems),
    ...Object.entries(own).flatMap(([node, devices]) =>
      'got' in devices
        ? devices.got.map(({ device, network }): Problem => ({
            ...{ code: 'device-outside', kind: 'seen', node, network, subject: device },
          }))
        : [],
    ),
  ]
}
