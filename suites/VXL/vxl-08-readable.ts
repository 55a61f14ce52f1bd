import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { containsBytes } from '../../lib/packet/query.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { exchange } from '../scene/exchange-before.ts'
import { vxlanFrames } from '../scene/frames.ts'
import { orderedPairs } from '../scene/pair.ts'
import { docs, internals } from '../source.ts'

export const readable = conformanceTest({
  id: 'VXL-08',
  requirement: 'Application data on a default overlay is readable on the wire (unencrypted by default).',
  source: [docs('Configure encryption of application data'), internals('Encryption')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Tasks of the clear network send data that holds a nonce across hosts while the data-path interface of each node is recorded. For each ordered pair of nodes the nonce must be readable in a VXLAN packet of the network that leaves the sender’s node.',
  usualCauses: [
    'the network was created with --opt encrypted after all',
    'something below the engine encrypts or tunnels the traffic between the hosts',
    'no traffic passes at all: see OVL-03',
  ],
  remedy: [
    'docker network inspect NETWORK --format "{{.Options}}"',
    'ip xfrm policy on each node: a policy for the data-path port without a mark takes clear networks too',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear } = stack.networks
    const { recordings, nonces } = await exchange(context)
    const word = Buffer.from(nonces.clear)
    const leaving = vxlanFrames(recordings.values(), cluster.nodes).filter(
      ({ egress, vxlan, packet }) => egress && vxlan.vni === clear.vni && containsBytes(packet, word),
    )
    const nodes = new Set(tasksOn(stack, 'clear').map((task) => task.node))
    const pairs = orderedPairs([...nodes]).map(([from, to]) => ({
      from,
      to,
      frames: leaving.filter(
        ({ outer }) => outer.source === from.dataPath.address && outer.destination === to.dataPath.address,
      ),
    }))
    evidence.packets(
      'one packet with readable data of each ordered pair of nodes',
      pairs.flatMap(({ frames }) => frames[0]?.packet ?? []),
    )
    evidence.observe(
      'packets with readable data',
      pairs.map(({ from, to, frames }) => ({
        from: from.host.name,
        to: to.host.name,
        packets: frames.length,
      })),
    )
    requireNone(
      'data on a network without encryption is readable on the wire',
      pairs
        .filter(({ frames }) => frames.length === 0)
        .map(({ from, to }) => `no packet with the known data left ${from.host.name} for ${to.host.name}`),
    )
    evidence.conclude(
      `${leaving.length} packets between ${pairs.length} ordered pairs of nodes carry the nonce in clear`,
    )
  },
})
