import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { exchange } from '../scene/exchange-before.ts'
import { vxlanFrames } from '../scene/frames.ts'
import { acrossHosts, addressOn, orderedPairs, taskLabel } from '../scene/pair.ts'
import { internals, rfc } from '../source.ts'

export const encapsulation = conformanceTest({
  id: 'VXL-01',
  requirement:
    'Cross-host task traffic leaves as UDP to the data-path port with the VXLAN I flag and the network’s own VNI.',
  source: [internals('vxlan'), rfc(7348, '5')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Every task of the clear network sends to every other by ICMP, UDP and TCP while the data-path interface of each node is recorded. For each ordered pair across hosts a packet must be seen leaving the sender’s node, to the data-path port, with the I flag and the VNI the engine assigned (vxlanid_list).',
  usualCauses: [
    'the overlay was never set up on one node (see the engine log for "overlay")',
    'another VXLAN user on the host took the port or the VNI',
  ],
  remedy: [
    'docker network inspect NETWORK on each node: compare vxlanid_list and Peers',
    'ip -d link show type vxlan in the namespaces below /run/docker/netns',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear } = stack.networks
    const { recordings } = await exchange(context)
    const leaving = vxlanFrames(recordings.values(), cluster.nodes).filter((frame) => frame.egress)
    const deciding = []
    const problems: string[] = []
    for (const [from, to] of orderedPairs(tasksOn(stack, 'clear')).filter(acrossHosts)) {
      const between = leaving.filter(
        ({ inner }) => inner?.source === addressOn(from, clear) && inner.destination === addressOn(to, clear),
      )
      const pair = `${taskLabel(from)} → ${taskLabel(to)}`
      const [first] = between
      if (first === undefined) problems.push(`${pair}: no VXLAN packet left ${from.node.host.name}`)
      else deciding.push(first.packet)
      for (const { vxlan, udp } of between) {
        if (!vxlan.vniValid) problems.push(`${pair}: I flag not set`)
        if (vxlan.vni !== clear.vni) problems.push(`${pair}: VNI ${vxlan.vni}, expected ${clear.vni}`)
        if (udp.destinationPort !== cluster.dataPathPort)
          problems.push(`${pair}: to UDP port ${udp.destinationPort}`)
      }
    }
    evidence.packets('one packet of each ordered pair, leaving its node', deciding)
    evidence.observe('expected', {
      vni: clear.vni,
      dataPathPort: cluster.dataPathPort,
      pairs: deciding.length,
    })
    requireNone('every ordered pair of tasks across hosts is encapsulated in VXLAN of its network', [
      ...new Set(problems),
    ])
    evidence.conclude(
      `${deciding.length} ordered pairs left as VXLAN with VNI ${clear.vni} to UDP port ${cluster.dataPathPort}`,
    )
  },
})
