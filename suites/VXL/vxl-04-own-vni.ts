import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { networkViewsSeen } from '../scene/recordings/views.ts'
import { internals } from '../source.ts'
import { assignedVnis, vniProblems, vxlanDevices } from './vnis.ts'

export const ownVni = requirement({
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
  codes: ['vni-of-two-networks', 'vni-of-two-namespaces', 'vni-of-device-differs'],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => ({ kernel: await lab.scene(kernel), views: await lab.scene(networkViewsSeen) }),
  judge({ kernel: states, views }, facts) {
    const networks = assignedVnis(Object.values(views).flat())
    const { devices, missing, unseen } = vxlanDevices(
      states,
      facts.nodes.map(({ name }) => name),
    )
    const vnis = new Set(networks.flatMap((network) => network.vnis)).size
    return judgement({
      problems: vniProblems(networks, devices),
      missing,
      unseen,
      tables: {
        'VNIs by network': Object.fromEntries(networks.map((network) => [network.name, network.vnis])),
        'VXLAN devices': devices,
      },
      conclusion:
        networks.length < 2 || devices.length === 0
          ? ''
          : `${networks.length} overlay networks have ${vnis} distinct VNIs, and ${devices.length} VXLAN devices use them accordingly`,
    })
  },
})
