import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { control, controlWithinMs } from '../scene/control.ts'
import { gossipPort, isGossip, transportPayload } from '../scene/control-traffic.ts'
import { everyPacket } from '../scene/frames.ts'
import { orderedPairs } from '../scene/pair.ts'
import { docs } from '../source.ts'

export const gossipUdp = conformanceTest({
  id: 'CTL-03',
  requirement: '7946/udp gossip flows both ways between nodes: datagrams seen leaving A and arriving at B.',
  source: [docs('Firewall considerations')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes'],
  method:
    'The engines’ own gossip is recorded on the advertise interface of every node, for at most 30 s. For every ordered pair of nodes a datagram must be seen leaving the first and, with the same payload, arriving at the second.',
  usualCauses: [
    'a firewall or security group blocks 7946/udp, often in one direction only',
    'the network drops or limits UDP',
    'the engine of a node is down, so nobody gossips with it',
  ],
  remedy: [
    'on both nodes: tcpdump -ni INTERFACE udp port 7946',
    'leaves but does not arrive: open 7946/udp in what lies between',
    'does not leave: iptables -nvL OUTPUT, docker node ls, the engine’s log for "memberlist"',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const { recordings, waitedMs } = await control(context)
    const packets = everyPacket(recordings.values(), cluster.nodes)
    const pairs = orderedPairs(cluster.nodes).map(([from, to]) => {
      const between = packets.filter(({ packet }) => isGossip(packet, from, to))
      const left = between.filter(({ node }) => node === from).map(({ packet }) => packet)
      const there = new Map(
        between
          .filter(({ node }) => node === to)
          .map(({ packet }) => [Buffer.from(transportPayload(packet)).toString('latin1'), packet]),
      )
      const arrived = left.flatMap((packet) => {
        const same = there.get(Buffer.from(transportPayload(packet)).toString('latin1'))
        return same === undefined ? [] : [{ sent: packet, received: same }]
      })
      return { from: from.host.name, to: to.host.name, left, arrived }
    })
    evidence.observe(
      'gossip datagrams by ordered pair',
      pairs.map(({ from, to, left, arrived }) => ({ from, to, left: left.length, arrived: arrived.length })),
    )
    evidence.measure(
      'time until gossip of every pair and a heartbeat of each node were recorded',
      Math.round(waitedMs),
      'ms',
      controlWithinMs,
    )
    evidence.packets(
      'one datagram of each pair, leaving and arriving',
      pairs.flatMap(({ left, arrived }) => {
        const [matched] = arrived
        return matched === undefined ? left.slice(0, 1) : [matched.sent, matched.received]
      }),
    )
    requireNone(
      `gossip on UDP port ${gossipPort} passes between every ordered pair of nodes`,
      pairs
        .filter(({ arrived }) => arrived.length === 0)
        .map(({ from, to, left }) =>
          left.length === 0
            ? `${from} → ${to}: no datagram left ${from} within ${(waitedMs / 1000).toFixed(0)} s`
            : `${from} → ${to}: ${left.length} datagram${left.length === 1 ? '' : 's'} left ${from}, none arrived at ${to}`,
        ),
    )
    const arrived = pairs.reduce((sum, pair) => sum + pair.arrived.length, 0)
    const left = pairs.reduce((sum, pair) => sum + pair.left.length, 0)
    evidence.conclude(
      `${arrived} of ${left} datagrams of ${pairs.length} ordered pairs were seen leaving one node and arriving at the other`,
    )
  },
})
