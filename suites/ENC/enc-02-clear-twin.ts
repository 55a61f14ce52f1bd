import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { exchange } from '../scene/exchange-before.ts'
import { espFrames, vxlanFrames } from '../scene/frames.ts'
import { orderedPairs } from '../scene/pair.ts'
import { internals } from '../source.ts'
import { secretNodes } from './ledger-nodes.ts'

export const clearTwin = conformanceTest({
  id: 'ENC-02',
  requirement: 'Control: a clear twin network on the same hosts shows its VXLAN in the same capture.',
  source: [internals('Encryption')],
  safety: 'production',
  needs: ['two-nodes', 'encrypted-overlay'],
  method:
    'The recordings that ENC-01 judges hold the traffic of a clear twin network between the same nodes. For each ordered pair of nodes VXLAN with the twin’s VNI must be seen leaving the sender’s node: encryption is the network’s own, and these captures can see VXLAN where there is any.',
  usualCauses: [
    'the policy for the encrypted network takes all traffic to the data-path port (mark missing in the policy)',
    'the mark rule matches the clear network’s VNI too',
    'traffic between hosts does not pass at all: see VXL-01',
  ],
  remedy: [
    'ip xfrm policy: each policy for the data-path port must have mark 0xd0c4e3',
    'iptables -t mangle -S OUTPUT: one rule for each encrypted network, none for others',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear } = stack.networks
    const { recordings } = await exchange(context)
    const twin = vxlanFrames(recordings.values(), cluster.nodes).filter(
      ({ egress, vxlan }) => egress && vxlan.vni === clear.vni,
    )
    const esp = espFrames(recordings.values(), cluster.nodes).filter(({ egress }) => egress)
    const pairs = orderedPairs(secretNodes(stack)).map(([from, to]) => {
      const between = <T extends { readonly outer: { source: string; destination: string } }>(
        frames: readonly T[],
      ): T[] =>
        frames.filter(
          ({ outer }) => outer.source === from.dataPath.address && outer.destination === to.dataPath.address,
        )
      return { from: from.host.name, to: to.host.name, vxlan: between(twin), esp: between(esp) }
    })
    evidence.observe(
      'leaving each node',
      pairs.map((pair) => ({ ...pair, vxlan: pair.vxlan.length, esp: pair.esp.length })),
    )
    evidence.packets(
      'VXLAN of the clear twin, one packet of each ordered pair of nodes',
      pairs.flatMap(({ vxlan }) => vxlan[0]?.packet ?? []),
    )
    requireNone(
      'the clear twin is seen as VXLAN between all nodes of the encrypted network',
      pairs
        .filter(({ vxlan }) => vxlan.length === 0)
        .map(({ from, to, esp: encrypted }) => {
          const instead = encrypted.length > 0 ? `, only ${encrypted.length} ESP packets` : ''
          return `no VXLAN with VNI ${clear.vni} left ${from} for ${to}${instead}`
        }),
    )
    evidence.conclude(
      `${twin.length} VXLAN packets of the clear twin left the nodes for ${pairs.length} ordered pairs, beside ${esp.length} ESP packets in the same recordings`,
    )
  },
})
