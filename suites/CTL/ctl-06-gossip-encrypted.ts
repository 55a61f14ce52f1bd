import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerIp } from '../../lib/packet/query.ts'
import type { Cluster } from '../../lib/swarm/cluster.ts'
import { type Control, control } from '../scene/control.ts'
import { gossipPort, isGossip, transportPayload } from '../scene/control-traffic.ts'
import { everyPacket } from '../scene/frames.ts'
import { orderedPairs } from '../scene/pair.ts'
import { docs, moby } from '../source.ts'
import { notEncrypted } from './gossip-cipher.ts'
import { readableNames, secretsOf } from './readable-names.ts'

export const gossipEncrypted = conformanceTest({
  id: 'CTL-06',
  requirement:
    'Gossip payload on 7946 is encrypted: no service, task or network name readable in any datagram.',
  source: [docs('Swarm and types of traffic'), moby('hashicorp/memberlist, security.go')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Every datagram of port 7946 that is recorded on the advertise interface of any node must have the form memberlist gives to what it encrypts, and hold no name or id of a service, task, network or node. Controls: gossip of every ordered pair of nodes was recorded, and the same matcher finds a word sent in clear in the same recordings.',
  usualCauses: [
    'something that is no engine sends to 7946/udp: a scanner, a health check, a monitor that speaks memberlist without the swarm’s keys',
    'an engine gossips without keys because it missed them when it joined',
  ],
  remedy: [
    'see who sends it: tcpdump -nXi INTERFACE udp port 7946',
    'allow 7946 from swarm nodes only; restart the engine of the node named, so that it fetches the keys again',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const scene = await control(context)
    const everything = everyPacket(scene.recordings.values(), cluster.nodes)
    const datagrams = everything.filter(({ packet }) => isOfGossipPort(packet))
    const names = secretsOf(cluster, stack)
    const words = [scene.readable.nonce, ...scene.outbound.map(({ nonce }) => nonce)]
    const found = readableNames(
      everything.map(({ packet }) => Buffer.from(transportPayload(packet))),
      words,
    )
    const bad = datagrams.flatMap(({ packet, node }) => {
      const problems = problemsOf(packet, names)
      return problems.length === 0
        ? []
        : [{ packet, what: `${path(packet, cluster)} ${problems.join(' and ')}, seen on ${node.host.name}` }]
    })
    const unseen = unseenPairs(
      cluster,
      datagrams.map(({ packet }) => packet),
    )
    evidence.observe('datagrams of port 7946', {
      seen: datagrams.length,
      sizesBytes: sizesOf(datagrams.map(({ packet }) => packet)),
      namesLookedFor: names.length,
    })
    evidence.observe(
      'control: words sent in clear that the same matcher found',
      `${found.length} of ${words.length}`,
    )
    evidence.packets(
      bad.length === 0 ? 'some of the datagrams' : 'datagrams that are not encrypted',
      (bad.length === 0 ? datagrams : bad).slice(0, 40).map(({ packet }) => packet),
    )
    requireNone('every datagram of port 7946 is encrypted', [...new Set(bad.map(({ what }) => what))])
    requireControls(scene, unseen, found)
    evidence.conclude(
      `${datagrams.length} datagrams of port 7946, of all ${orderedPairs(cluster.nodes).length} ordered pairs of nodes, have the form of encrypted ones; none of ${names.length} names and ids is readable, while the same matcher found ${found.length} words sent in clear`,
    )
  },
})

function isOfGossipPort(packet: Packet): boolean {
  const udp = layerOf(packet, 'udp')
  return udp?.sourcePort === gossipPort || udp?.destinationPort === gossipPort
}

function problemsOf(packet: Packet, names: readonly string[]): string[] {
  const payload = transportPayload(packet)
  const form = notEncrypted(payload)
  return [
    ...readableNames([Buffer.from(payload)], names).map((name) => `shows '${name}'`),
    ...(form === undefined ? [] : [form]),
  ]
}

function path(packet: Packet, cluster: Cluster): string {
  const [ip, udp] = [outerIp(packet), layerOf(packet, 'udp')]
  const name = (address: string | undefined) =>
    cluster.nodes.find((node) => node.advertise.address === address)?.host.name ?? address
  return `${name(ip?.source)}:${udp?.sourcePort} → ${name(ip?.destination)}:${udp?.destinationPort}`
}

function unseenPairs(cluster: Cluster, packets: readonly Packet[]): string[] {
  return orderedPairs(cluster.nodes)
    .filter(([from, to]) => !packets.some((packet) => isGossip(packet, from, to)))
    .map(([from, to]) => `${from.host.name} to ${to.host.name}`)
}

function requireControls({ waitedMs }: Control, unseen: readonly string[], found: readonly string[]): void {
  if (unseen.length > 0) {
    throw new Error(
      `no gossip from ${unseen.join(', ')} was recorded within ${(waitedMs / 1000).toFixed(0)} s, so nothing can be said of it; see CTL-03`,
    )
  }
  if (found.length === 0) {
    throw new Error(
      'the matcher did not find the words that were sent in clear, so "none readable" proves nothing',
    )
  }
}

function sizesOf(packets: readonly Packet[]) {
  const sizes = packets.map((packet) => layerOf(packet, 'udp')?.payloadBytes ?? 0)
  return { least: Math.min(...sizes), most: Math.max(...sizes) }
}
