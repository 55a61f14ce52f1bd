import { requirement } from '../../lib/conformance/test.ts'
import { refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { holders } from '../CTL/arrival.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { docs, internals } from '../source.ts'

export const readable = requirement({
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
  codes: ['payload-unreadable'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires } }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const leaving = seenFrames(got.values()).filter(
      ({ egress, vxlan, matched }) => egress && vxlan?.vni === clear.vni && matched.includes('clear'),
    )
    const pairs = nodePairs(
      facts,
      holders(facts, 'clear').filter(({ name }) => got.has(name)),
      ({ name }) => name,
    ).map(([from, to]) => ({
      ...{ from: from.name, to: to.name },
      frames: leaving.filter(
        ({ seenOn, outer }) => seenOn === from.name && outer?.destination === to.dataPath.address,
      ),
    }))
    return judgement({
      problems: pairs
        .filter(({ frames }) => frames.length === 0)
        .map(({ from, to }): Problem => ({
          ...{ code: 'payload-unreadable', kind: 'missed', path: { from, to }, network: clear.name },
        })),
      missing,
      unseen,
      tables: {
        'packets with readable data': pairs.map(({ from, to, frames }) => ({
          from,
          to,
          packets: frames.length,
        })),
      },
      packets: {
        'one packet with readable data of each ordered pair of nodes': pairs.flatMap(({ frames: [first] }) =>
          first === undefined ? [] : [refOf(first)],
        ),
      },
      conclusion:
        pairs.length === 0
          ? ''
          : `${leaving.length} packets between ${pairs.length} ordered pairs of nodes carry the nonce in clear`,
    })
  },
})
