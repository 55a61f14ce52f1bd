import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { stateOf } from '../scene/kernel.ts'
import { networkViews } from '../scene/views.ts'
import { internals } from '../source.ts'
import { assignedVnis, vniProblems, vxlanDevices } from './vnis.ts'

export const ownVni = conformanceTest({
  id: 'VXL-04',
  requirement: 'Two networks never share a VNI.',
  source: [internals('vxlan'), internals('ingress')],
  safety: 'production',
  needs: [],
  method:
    'The VNIs of all overlay networks of the swarm are read from the API (vxlanid_list) and must be distinct. Then every VXLAN device in the engines’ namespaces is read: one VNI may be used by one network only, the same on all nodes, and a device must have the VNI the API gave its network.',
  usualCauses: [
    'a VXLAN device or namespace left over from a network that was removed while the engine was down',
    'two swarms that share hosts or were restored from one backup',
  ],
  remedy: [
    'docker network inspect NETWORK --format "{{.Options}}" for each overlay network',
    'for n in /run/docker/netns/1-*; do nsenter --net=$n ip -d link show type vxlan; done',
    'remove the network, or restart the engine that holds the left-over device',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const views = await networkViews(context)
    const states = await context.state()
    const networks = assignedVnis([...views.values()].flat())
    const devices = cluster.nodes.flatMap((node) => vxlanDevices(stateOf(states, node)))
    evidence.observe('VNIs by network', Object.fromEntries(networks.map(({ name, vnis }) => [name, vnis])))
    evidence.observe('VXLAN devices', devices)
    requireNone('every network has a VNI of its own', vniProblems(networks, devices))
    if (networks.length < 2 || devices.length === 0) {
      throw new Error('fewer than two overlay networks were found, so nothing was compared')
    }
    evidence.conclude(
      `${networks.length} overlay networks have ${new Set(networks.flatMap(({ vnis }) => vnis)).size} distinct VNIs, and ${devices.length} VXLAN devices use them accordingly`,
    )
  },
})
