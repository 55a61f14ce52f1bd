import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { holders } from '../CTL/arrival.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { passedOverTable } from '../scene/recordings/recording.ts'
import { docs, internals } from '../source.ts'

export const onlyEsp = requirement({
  id: 'ENC-01',
  requirement:
    'On an encrypted network cross-host traffic is only ESP: no VXLAN with its VNI, no byte of a known payload.',
  source: [docs('Configure encryption of application data'), internals('Encryption')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  knownIssues: [encryptionForAdvertiseAddress],
  method:
    'Tasks of the encrypted network exchange data that holds a nonce while the data-path interface of each node is recorded. What leaves a node is judged: ESP must be there for every ordered pair of nodes, VXLAN with the network’s VNI and the nonce must not. Controls in the same capture: canaries at start and end, nothing dropped, and the clear twin’s VXLAN and nonce are found by the same matchers.',
  usualCauses: [
    'the kernel refused the security associations; the engine only logs it',
    'no outbound policy: the engine fails open and sends in clear',
    'xt_bpf (engines from 24), xt_u32 (before 20.10.24 and 23.0.3) or both (those between) is missing, so packets are not marked',
  ],
  remedy: [
    'ip xfrm policy and ip -s xfrm state count on each node (never paste the keys)',
    'modprobe esp4 xt_bpf xt_u32, then restart the engine',
    'search the engine log for "Failed Adding"',
  ],
  codes: ['clear-text-left', 'payload-readable', 'no-esp-left'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires } }, facts) {
    const { clear, secret } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const leaving = seenFrames(got.values()).filter(({ egress }) => egress)
    const esp = leaving.filter((frame) => frame.esp !== undefined)
    const clearText = leaving.filter(({ vxlan }) => vxlan?.vni === secret.vni)
    const readable = leaving.filter(({ matched }) => matched.includes('secret'))
    const twin = {
      vxlan: leaving.filter(({ vxlan }) => vxlan?.vni === clear.vni).length,
      nonce: leaving.filter(({ matched }) => matched.includes('clear')).length,
    }
    const pairs = nodePairs(
      facts,
      holders(facts, 'secret').filter(({ name }) => got.has(name)),
      ({ name }) => name,
    )
    const silent = pairs.filter(
      ([from, to]) =>
        !esp.some(({ seenOn, outer }) => seenOn === from.name && outer?.destination === to.dataPath.address),
    )
    return judgement({
      problems: [
        ...[...groupBy(clearText, ({ seenOn, outer }) => `${seenOn} ${outer?.destination}`).values()].map(
          (frames) => leakProblem(frames, facts),
        ),
        ...[...groupBy(readable, ({ seenOn }) => seenOn)].map(([node, frames]): Problem => ({
          ...{ code: 'payload-readable', kind: 'seen', node, network: secret.name },
          observed: frames.length,
        })),
        ...silent.map(([from, to]): Problem => ({
          ...{ code: 'no-esp-left', kind: 'missed', network: secret.name },
          path: { from: from.name, to: to.name },
        })),
      ],
      controls: [
        { name: 'VXLAN of the clear twin found', held: twin.vxlan > 0, observed: twin.vxlan },
        { name: 'payload of the clear twin found', held: twin.nonce > 0, observed: twin.nonce },
      ],
      missing,
      unseen,
      tables: passedOverTable(got.values()),
      packets: {
        'ESP leaving the nodes': esp.slice(0, 40).map(refOf),
        'VXLAN of the encrypted network in clear': clearText.slice(0, 40).map(refOf),
        'packets with readable payload': readable.slice(0, 40).map(refOf),
      },
      conclusion:
        esp.length === 0
          ? ''
          : `${esp.length} ESP packets between ${pairs.length} ordered pairs of nodes, no VXLAN with VNI ${secret.vni}, no readable payload; the same capture shows ${twin.vxlan} packets of the clear twin`,
    })
  },
})

/** Of frames that one node sent to one address. */
function leakProblem(frames: readonly SeenFrame[], facts: ClusterFacts): Problem {
  const { secret } = facts.networks
  const [first] = frames
  const destination = first?.outer?.destination ?? ''
  const to = facts.nodes.find(({ dataPath }) => dataPath.address === destination)?.name ?? destination
  return {
    ...{
      code: 'clear-text-left',
      kind: 'seen',
      path: { from: first?.seenOn ?? '', to },
      network: secret.name,
    },
    ...{ subject: String(secret.vni), observed: frames.length },
  }
}
