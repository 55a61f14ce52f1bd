import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { isFragment, layerOf, outerEsp, outerIp } from '../../lib/packet/query.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { everyPacket } from '../scene/frames.ts'
import { exceptFor } from '../scene/left-out.ts'
import { outerBytes } from '../scene/overlay-mtu.ts'
import { orderedPairs } from '../scene/pair.ts'
import { sizes } from '../scene/sizes.ts'
import { observePassedOver } from '../scene/recording.ts'
import { moby, rfc } from '../source.ts'
import { overlayFragments } from './fragments.ts'

export const noFragments = conformanceTest({
  id: 'MTU-04',
  requirement: 'At overlay MTU no outer fragment is on the wire.',
  source: [rfc(7348, '4.3'), moby('libnetwork/drivers/overlay')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'What leaves the data-path interface of each node is recorded while datagrams of exactly the overlay’s MTU and bulk transfers pass on the clear and on the encrypted network. No ESP or data-path packet between nodes may be an IPv4 fragment. Control: for each ordered pair of nodes a whole packet of full size, overlay MTU plus encapsulation, is in the same recording; without fragments it proves that the largest packets were seen.',
  usualCauses: [
    'the underlay’s MTU is smaller than what the overlay was made for; the kernel fragments VXLAN silently, which costs throughput and is dropped by many clouds and firewalls',
  ],
  remedy: [
    'recreate the network with --opt com.docker.network.driver.mtu=UNDERLAY-MTU',
    'raise the underlay’s MTU on every node and switch',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { recordings, mtuBytes, roles, leftOut } = await sizes(context)
    const all = everyPacket(recordings.values(), cluster.nodes)
    const addresses = cluster.nodes.map((node) => node.dataPath.address)
    const fragments = cluster.nodes.flatMap((node) => {
      const own = all.filter((entry) => entry.node === node).map(({ packet }) => packet)
      return overlayFragments(own, node.dataPath.address, addresses, cluster.dataPathPort)
    })
    observePassedOver(evidence, recordings)
    if (fragments.length > 0) evidence.packets('outer fragments', fragments.slice(0, 40))
    requireNone('nothing leaves a node in outer fragments', countByPair(fragments, cluster.nodes))

    const controls = roles.map((role) => {
      const outerSize = outerBytes(mtuBytes[role], stack.networks[role])
      const packets = all.map(({ packet }) => packet).filter((packet) => isWhole(packet, role, outerSize))
      const nodes = [...new Set(tasksOn(stack, role).map((task) => task.node))]
      const missing = orderedPairs(nodes)
        .filter(([from, to]) => !packets.some((packet) => isBetween(packet, from, to)))
        .map(([from, to]) => `${outerSize} bytes from ${from.host.name} to ${to.host.name} on ${role}`)
      return { role, outerSize, packets, missing }
    })
    evidence.observe(
      'controls: whole packets of full size',
      controls.map((control) => ({ ...control, packets: control.packets.length })),
    )
    evidence.packets(
      'whole packets of full size',
      controls.flatMap(({ packets }) => packets.slice(0, 10)),
    )
    const missing = controls.flatMap((control) => control.missing)
    if (missing.length > 0) {
      throw new Error(
        `no fragments were seen, but not every packet of full size either, so that proves nothing: ${missing.slice(0, 4).join('; ')}; see MTU-02`,
      )
    }
    evidence.conclude(
      `${all.length} packets left the nodes, none in fragments; of full size were ${controls
        .map(({ role, outerSize, packets }) => `${packets.length} on ${role} (${outerSize} bytes outside)`)
        .join(' and ')}${exceptFor(leftOut, stack.networks.secret.name)}`,
    )
  },
})

function countByPair(fragments: readonly Packet[], nodes: readonly ClusterNode[]): string[] {
  const nameOf = (address: string | undefined): string | undefined =>
    nodes.find((node) => node.dataPath.address === address)?.host.name
  const counts = new Map<string, number>()
  for (const packet of fragments) {
    const ip = outerIp(packet)
    const kind = ip?.payloadProtocol === 50 ? 'ESP' : 'VXLAN'
    const pair = `${nameOf(ip?.source)} → ${nameOf(ip?.destination)}, ${kind}`
    counts.set(pair, (counts.get(pair) ?? 0) + 1)
  }
  return [...counts].map(([pair, count]) => `${pair}: ${count} outer fragments`)
}

function isWhole(packet: Packet, role: 'clear' | 'secret', outerSize: number): boolean {
  const ip = outerIp(packet)
  if (ip === undefined || isFragment(ip) || ip.totalBytes !== outerSize) return false
  return role === 'secret' ? outerEsp(packet) !== undefined : layerOf(packet, 'vxlan') !== undefined
}

function isBetween(packet: Packet, from: ClusterNode, to: ClusterNode): boolean {
  const ip = outerIp(packet)
  return ip?.source === from.dataPath.address && ip.destination === to.dataPath.address
}
