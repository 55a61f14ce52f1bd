import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { networkViews } from '../scene/views.ts'
import { outerBytes } from '../scene/overlay-mtu.ts'
import { computedMtu } from '../scene/sizes.ts'
import { internals, moby } from '../source.ts'
import { overlayInterfaces } from './overlay-interfaces.ts'

export const interfaces = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const states = await context.state()
    const views = await networkViews(context)
    const problems: string[] = []
    const seen: object[] = []
    for (const network of Object.values(stack.networks)) {
      for (const node of cluster.nodes) {
        const found = overlayInterfaces(context, stateOf(states, node), node, network)
        if (found.length === 0) continue
        const expected = computedMtu(network, views)
        const where = `${network.name} on ${node.host.name}`
        problems.push(
          ...found
            .filter(({ mtuBytes }) => mtuBytes !== expected)
            .map(({ name, mtuBytes }) => `${where}: ${name} has MTU ${mtuBytes}, expected ${expected}`),
        )
        const largest = Math.max(...found.map(({ mtuBytes }) => mtuBytes))
        const onWire = outerBytes(largest, network)
        const underlay = underlayMtu(stateOf(states, node), node)
        if (onWire > underlay)
          problems.push(
            `${where}: packets of ${largest} bytes become ${onWire} on the wire, but ${node.dataPath.interface} carries ${underlay}`,
          )
        seen.push({
          network: network.name,
          node: node.host.name,
          interfaces: found.length,
          expected,
          largest,
          onWire,
          underlay,
        })
      }
    }
    evidence.observe('MTU in bytes by network and node', seen)
    requireNone(
      'every overlay interface has the MTU the engine computes, and the underlay carries it',
      problems,
    )
    if (seen.length === 0) throw new Error('no overlay interface was found')
    evidence.conclude(
      `the interfaces of ${seen.length} network instances have the computed MTU, and their packets fit the underlay`,
    )
  },
})

function underlayMtu(state: HostState, node: ClusterNode): number {
  const link = rootOf(state, 'ip').links.find(({ name }) => name === node.dataPath.interface)
  if (link === undefined) throw new Error(`${node.host.name} has no interface ${node.dataPath.interface}`)
  return link.mtuBytes
}
