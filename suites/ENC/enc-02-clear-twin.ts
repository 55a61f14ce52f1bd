import { requirement } from '../../lib/conformance/test.ts'
import { refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { holders } from '../CTL/arrival.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { internals } from '../source.ts'

export const clearTwin = requirement({
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
  codes: ['twin-not-clear', 'not-encapsulated'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires } }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const leaving = seenFrames(got.values()).filter(({ egress }) => egress)
    const twin = leaving.filter(({ vxlan }) => vxlan?.vni === clear.vni)
    const encrypted = leaving.filter(({ esp }) => esp !== undefined)
    const pairs = nodePairs(
      facts,
      holders(facts, 'secret').filter(({ name }) => got.has(name)),
      ({ name }) => name,
    ).map(([from, to]) => {
      const between = (frames: typeof leaving): typeof leaving =>
        frames.filter(
          ({ seenOn, outer }) => seenOn === from.name && outer?.destination === to.dataPath.address,
        )
      return { from: from.name, to: to.name, vxlan: between(twin), esp: between(encrypted) }
    })
    return judgement({
      problems: pairs
        .filter(({ vxlan }) => vxlan.length === 0)
        .map(({ from, to, esp }): Problem => {
          const where = { path: { from, to }, node: from, network: clear.name, kind: 'missed' as const }
          return esp.length > 0
            ? { ...where, code: 'twin-not-clear', observed: esp.length }
            : { ...where, code: 'not-encapsulated' }
        }),
      missing,
      unseen,
      tables: {
        'leaving each node': pairs.map((pair) => ({
          ...pair,
          vxlan: pair.vxlan.length,
          esp: pair.esp.length,
        })),
      },
      packets: {
        'VXLAN of the clear twin, one packet of each ordered pair of nodes': pairs.flatMap(
          ({ vxlan: [first] }) => (first === undefined ? [] : [refOf(first)]),
        ),
      },
      conclusion:
        pairs.length === 0
          ? ''
          : `${twin.length} VXLAN packets of the clear twin left the nodes for ${pairs.length} ordered pairs, beside ${encrypted.length} ESP packets in the same recordings`,
    })
  },
})
