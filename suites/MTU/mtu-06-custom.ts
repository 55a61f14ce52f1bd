import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { layersOf, outerIp } from '../../lib/packet/query.ts'
import type { OverlayNetwork } from '../../lib/swarm/cluster.ts'
import { everyPacket } from '../scene/frames.ts'
import { stateOf } from '../scene/kernel.ts'
import { outerBytes, overlayMtu, statedMtu } from '../scene/overlay-mtu.ts'
import { taskLabel } from '../scene/pair.ts'
import { sizes } from '../scene/sizes.ts'
import { networkViews } from '../scene/views.ts'
import { docs, moby } from '../source.ts'
import { overlayInterfaces } from './overlay-interfaces.ts'

interface Wanted {
  readonly network: OverlayNetwork
  readonly mtuBytes: number
}

export const customMtu = conformanceTest({
  id: 'MTU-06',
  requirement:
    'A custom MTU (network option; ingress recreated with 1200) reaches the interfaces and the wire.',
  source: [docs('Customize the ingress network'), moby('libnetwork/drivers/overlay/encryption.go, maxMTU')],
  safety: 'lab',
  needs: ['two-nodes', 'ipvs', 'custom-mtu'],
  method:
    'For the clear network and for ingress, as far as the topology gives them an MTU: the engine must state the option, every interface of theirs on every node must have what follows from it (50 bytes less), and while datagrams of exactly that size, bulk transfers and requests through the mesh pass, no packet of theirs that leaves a node may be larger than the MTU asked for. Datagrams of exactly the size must be answered, a byte more refused on the spot. Control: packets of exactly the full size are in the recording, so larger ones would be, too.',
  usualCauses: [
    'the option was given to docker_gwbridge or to the daemon, not to the overlay network: it is --opt com.docker.network.driver.mtu=N',
    'ingress was recreated without the option',
    'somebody set the MTU of an interface by hand',
  ],
  remedy: [
    'docker network inspect NETWORK --format "{{json .Options}}"',
    'ip link show in /run/docker/netns/1-… on the node named',
    'recreate the network with the option; tasks keep their interfaces until they are recreated, too',
  ],
  async run(context) {
    const { cluster, stack, topology, evidence } = context
    const wanted = [
      { network: stack.networks.clear, mtuBytes: topology.stack.clear.mtuBytes },
      { network: stack.networks.ingress, mtuBytes: topology.swarm.ingress?.mtuBytes },
    ].filter((entry): entry is Wanted => entry.mtuBytes !== undefined)
    const states = await context.state()
    const views = await networkViews(context)
    const { recordings, datagrams } = await sizes(context)
    const packets = everyPacket(recordings.values(), cluster.nodes)

    const rows: { network: string; interfaces: number; inside: number; largest: number; full: number }[] = []
    const problems: string[] = []
    for (const { network, mtuBytes } of wanted) {
      const inside = overlayMtu(mtuBytes, network)
      const option = views.get(cluster.manager.host.name)?.find(({ id }) => id === network.id)?.options
      if (statedMtu(option ?? {}) !== mtuBytes)
        problems.push(
          `${cluster.manager.host.name} states MTU ${statedMtu(option ?? {})} for ${network.name}, asked for was ${mtuBytes}`,
        )
      let interfaces = 0
      for (const node of cluster.nodes) {
        const found = overlayInterfaces(context, stateOf(states, node), node, network)
        interfaces += found.length
        for (const link of found.filter((one) => one.mtuBytes !== inside))
          problems.push(
            `${node.host.name}: ${link.name} on ${network.name} has MTU ${link.mtuBytes}, expected ${inside}`,
          )
      }
      if (interfaces === 0) throw new Error(`no interface of ${network.name} was found`)
      const own = packets.flatMap(({ packet, node }) => {
        const ip = outerIp(packet)
        const vni = layersOf(packet, 'vxlan')[0]?.vni
        return ip === undefined || vni !== network.vni
          ? []
          : [{ node: node.host.name, bytes: ip.totalBytes, packet }]
      })
      const limit = outerBytes(inside, network)
      const tooLarge = own.filter(({ bytes }) => bytes > limit)
      if (tooLarge.length > 0)
        evidence.packets(
          `too large on ${network.name}`,
          tooLarge.slice(0, 20).map((one) => one.packet),
        )
      problems.push(
        ...new Set(
          tooLarge.map(
            ({ node, bytes }) =>
              `${bytes} bytes of ${network.name} left ${node} in one packet, at most ${limit} may`,
          ),
        ),
      )
      rows.push({
        network: network.name,
        interfaces,
        inside,
        largest: own.reduce((most, { bytes }) => Math.max(most, bytes), 0),
        full: own.filter(({ bytes }) => bytes === limit).length,
      })
    }
    const sized = datagrams.filter(({ network }) => wanted.some((entry) => entry.network.id === network.id))
    problems.push(
      ...sized
        .filter(({ fits, observation }) => observation.outcome !== (fits ? 'answered' : 'too-big'))
        .map(
          ({ from, to, network, packetBytes, protocol, fits, observation }) =>
            `${taskLabel(from)} → ${taskLabel(to)} on ${network.name}: ${protocol} of ${packetBytes} bytes: ${observation.outcome}, expected ${fits ? 'an answer' : 'a refusal with EMSGSIZE'}`,
        ),
    )
    evidence.observe('interfaces, and packets on the wire in bytes', rows)
    requireNone('the MTU asked for is what interfaces have and the wire carries', problems)
    if (rows.length === 0) throw new Error(`topology ${topology.name} gives neither network an MTU`)
    const unfilled = rows.filter(({ full }) => full === 0)
    if (unfilled.length > 0)
      throw new Error(
        `no packet of full size of ${unfilled.map(({ network }) => network).join(', ')} was recorded, so "none larger" proves nothing`,
      )
    evidence.conclude(
      rows
        .map(
          ({ network, interfaces, inside, largest, full }) =>
            `${network}: ${interfaces} interfaces have ${inside}, the largest of its packets on the wire has ${largest} bytes (${full} of them)`,
        )
        .join('; '),
    )
  },
})
