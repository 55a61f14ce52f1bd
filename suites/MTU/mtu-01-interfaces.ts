import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts, NetworkFacts, NodeFacts } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { gather, part, type Part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { kernel, type KernelSeen, rootSeen } from '../scene/judging/kernel-seen.ts'
import { outerBytes } from '../scene/judging/overlay-mtu.ts'
import { computedMtu } from '../scene/recordings/sizes.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { internals, moby } from '../source.ts'
import { type NamedMtu, overlayInterfaces } from './overlay-interfaces.ts'

export const interfaces = requirement({
  id: 'MTU-01',
  requirement:
    'Overlay interfaces have underlay MTU − 50; on encrypted networks what the engine version computes; never more than the real underlay carries.',
  source: [
    internals('Inspecting vxlan tunnel interfaces'),
    moby('libnetwork/drivers/overlay/encryption.go, maxMTU'),
  ],
  safety: 'production',
  quick: true,
  needs: [],
  method:
    'The MTU of every interface of every overlay of the stack is read: tasks, load balancers, bridge, VXLAN device and their veth ends. Each must be what the engine computes from the MTU stated for the underlay (network option com.docker.network.driver.mtu, else 1500): 50 less, on encrypted networks 76 less rounded down to a multiple of 4. And a packet of that size with its encapsulation must fit the MTU of the node’s real data-path interface.',
  usualCauses: [
    'the underlay carries less than 1500 (cloud network, VPN, PPPoE) and the network was created without the option: the engine never asks the interface',
    'somebody set the MTU of an interface by hand',
  ],
  remedy: [
    'ip link show DATA-PATH-INTERFACE on each node',
    'docker network create --driver overlay --opt com.docker.network.driver.mtu=UNDERLAY-MTU …; recreate ingress with the same option',
  ],
  codes: ['interface-mtu-wrong', 'larger-than-underlay'],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => ({ kernel: await lab.scene(kernel), views: await lab.scene(networkViewsSeen) }),
  judge({ kernel: states, views }, facts) {
    const looks = Object.values(facts.networks).flatMap((network) =>
      facts.nodes.map((node) => lookAt(network, node, { states, views, facts })),
    )
    const parts = looks.map(({ network, node, found }) =>
      part({ [node]: found }, `interfaces of ${network.name}`),
    )
    const underlays = part(
      Object.fromEntries(facts.nodes.map((node) => [node.name, underlayOf(node, states)])),
      'MTU of the data-path interface',
    )
    const present = looks.flatMap(({ found, ...look }) =>
      'got' in found && found.got.length > 0 ? [{ ...look, found: found.got }] : [],
    )
    const rows = present.map(({ network, node, expected, found }) => {
      const largest = Math.max(...found.map(({ mtuBytes }) => mtuBytes))
      const onWire = outerBytes(largest, network)
      const underlay = underlays.got.get(node)
      return { network: network.name, node, interfaces: found.length, expected, largest, onWire, underlay }
    })
    return judgement({
      problems: [
        ...present.flatMap(({ network, node, expected, found }) =>
          found
            .filter(({ mtuBytes }) => mtuBytes !== expected)
            .map(({ name, mtuBytes }): Problem => ({
              ...{ code: 'interface-mtu-wrong', kind: 'seen', node, network: network.name },
              ...{ subject: name, expected, observed: mtuBytes },
            })),
        ),
        ...rows.flatMap((row) => tooLarge(row, facts)),
      ],
      missing: gather([...parts.flatMap(({ missing }) => missing), ...underlays.missing]),
      unseen: [...parts.flatMap(({ unseen }) => unseen), ...underlays.unseen],
      tables: { 'MTU in bytes by network and node': rows },
      conclusion:
        rows.length === 0
          ? ''
          : `the interfaces of ${rows.length} network instances have the computed MTU, and their packets fit the underlay`,
    })
  },
})

interface Look {
  readonly network: NetworkFacts
  /** Name. */
  readonly node: string
  readonly expected: number
  readonly found: Part<readonly NamedMtu[]>
}

function lookAt(
  network: NetworkFacts,
  node: NodeFacts,
  { states, views, facts }: { states: KernelSeen; views: ViewsSeen; facts: ClusterFacts },
): Look {
  return {
    ...{ network, node: node.name, expected: computedMtu(network, views) },
    found: overlayInterfaces(facts, states, node.name, network),
  }
}

interface Row {
  readonly network: string
  readonly node: string
  readonly onWire: number
  readonly underlay: number | undefined
}

function tooLarge({ network, node, onWire, underlay }: Row, facts: ClusterFacts): Problem[] {
  if (underlay === undefined || onWire <= underlay) return []
  const subject = dataPathOf(node, facts)
  return [
    {
      ...{ code: 'larger-than-underlay', kind: 'seen', node, network, subject },
      ...{ expected: underlay, observed: onWire },
    },
  ]
}

function dataPathOf(node: string, facts: ClusterFacts): string {
  return facts.nodes.find(({ name }) => name === node)?.dataPath.interface ?? ''
}

function underlayOf({ name, dataPath }: NodeFacts, states: KernelSeen): Part<number> {
  const root = rootSeen(states, name, 'devices')
  if (!('got' in root)) return root
  const link = root.got.links.find((one) => one.name === dataPath.interface)
  return link === undefined ? { threw: `no interface ${dataPath.interface}` } : { got: link.mtuBytes }
}
