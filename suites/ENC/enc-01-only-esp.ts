import { expect } from 'chai'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { containsBytes } from '../../lib/packet/query.ts'
import { exchange } from '../scene/exchange.ts'
import { espFrames, everyPacket, vxlanFrames } from '../scene/frames.ts'
import { orderedPairs } from '../scene/pair.ts'
import { observePassedOver } from '../scene/recording.ts'
import { docs, internals } from '../source.ts'
import { secretNodes } from './ledger-nodes.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'

export const onlyEsp = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear, secret } = stack.networks
    const { recordings, nonces } = await exchange(context)
    const leaving = vxlanFrames(recordings.values(), cluster.nodes).filter((frame) => frame.egress)
    const esp = espFrames(recordings.values(), cluster.nodes).filter((frame) => frame.egress)
    const all = everyPacket(recordings.values(), cluster.nodes)
    const outgoing = all.filter(({ packet, node }) =>
      packet.layers.some((layer) => layer.protocol === 'ipv4' && layer.source === node.dataPath.address),
    )
    const readable = (word: string) =>
      outgoing.filter(({ packet }) => containsBytes(packet, Buffer.from(word)))

    const controls = {
      clearTwinVxlan: leaving.filter((frame) => frame.vxlan.vni === clear.vni).length,
      clearTwinNonce: readable(nonces.clear).length,
    }
    observePassedOver(evidence, recordings)
    evidence.observe('controls: packets of the clear twin found by the same matchers', controls)
    if (controls.clearTwinVxlan === 0 || controls.clearTwinNonce === 0) {
      throw new Error('the matchers did not find the clear twin’s packets, so "none seen" proves nothing')
    }

    const clearText = leaving.filter((frame) => frame.vxlan.vni === secret.vni)
    const leaked = readable(nonces.secret)
    const pairs = orderedPairs(secretNodes(stack))
    const silent = pairs.filter(
      ([a, b]) =>
        !esp.some(
          ({ outer }) => outer.source === a.dataPath.address && outer.destination === b.dataPath.address,
        ),
    )
    evidence.packets(
      'ESP leaving the nodes',
      esp.slice(0, 40).map((frame) => frame.packet),
    )
    if (clearText.length > 0)
      evidence.packets(
        'VXLAN of the encrypted network in clear',
        clearText.map((frame) => frame.packet),
      )
    if (leaked.length > 0)
      evidence.packets(
        'packets with readable payload',
        leaked.map(({ packet }) => packet),
      )
    requireNone('only ESP leaves the nodes for the encrypted network', [
      ...new Set(
        clearText.map(
          (frame) =>
            `VXLAN with VNI ${secret.vni} left ${frame.seenOn} for ${frame.outer.destination} in clear`,
        ),
      ),
      ...new Set(leaked.map(({ node }) => `known payload was readable on the wire of ${node.host.name}`)),
      ...silent.map(([a, b]) => `no ESP left ${a.host.name} for ${b.host.name}`),
    ])
    expect(esp, 'ESP packets seen').to.not.be.empty
    evidence.conclude(
      `${esp.length} ESP packets between ${pairs.length} ordered pairs of nodes, no VXLAN with VNI ${secret.vni}, no readable payload; the same capture shows ${controls.clearTwinVxlan} packets of the clear twin`,
    )
  },
})
