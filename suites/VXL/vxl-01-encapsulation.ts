import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, taskName, tasksIn } from '../../lib/observation/facts.ts'
import { type PacketRef, refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import { taskPairs } from '../../lib/observation/pair-sample.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { internals, rfc } from '../source.ts'

export const encapsulation = requirement({
  id: 'VXL-01',
  requirement:
    'Cross-host task traffic leaves as UDP to the data-path port with the VXLAN I flag and the network’s own VNI.',
  source: [internals('vxlan'), rfc(7348, '5')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Every task of the clear network sends to every other by ICMP, UDP and TCP while the data-path interface of each node is recorded. For each ordered pair across hosts a packet must be seen leaving the sender’s node, to the data-path port, with the I flag and the VNI the engine assigned (vxlanid_list).',
  usualCauses: [
    'the overlay was never set up on one node (see the engine log for "overlay")',
    'another VXLAN user on the host took the port or the VNI',
  ],
  remedy: [
    'docker network inspect NETWORK on each node: compare vxlanid_list and Peers',
    'ip -d link show type vxlan in the namespaces below /run/docker/netns',
  ],
  codes: ['not-encapsulated', 'vni-flag-clear', 'vni-differs', 'data-path-port-differs'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires } }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const leaving = seenFrames(got.values()).filter(({ egress, vxlan }) => egress && vxlan !== undefined)
    const problems: Problem[] = []
    const deciding: PacketRef[] = []
    const pairs = taskPairs(facts, tasksIn(facts, 'clear'), ({ node }) => node).filter(([from]) =>
      got.has(from.node),
    )
    for (const [from, to] of pairs) {
      const between = leaving.filter(
        ({ seenOn, inner }) =>
          seenOn === from.node &&
          inner?.ip?.source === addressIn(from, clear) &&
          inner.ip.destination === addressIn(to, clear),
      )
      const where = {
        path: { from: from.node, to: to.node },
        ends: { from: taskName(from), to: taskName(to) },
        ...{ node: from.node, network: clear.name },
      }
      const [first] = between
      if (first === undefined) problems.push({ ...where, code: 'not-encapsulated', kind: 'missed' })
      else deciding.push(refOf(first))
      for (const { vxlan, udp } of between) {
        if (vxlan?.valid === false) problems.push({ ...where, code: 'vni-flag-clear', kind: 'seen' })
        if (vxlan !== undefined && vxlan.vni !== clear.vni)
          problems.push({
            ...where,
            code: 'vni-differs',
            kind: 'seen',
            observed: vxlan.vni,
            expected: clear.vni,
          })
        if (udp !== undefined && udp.to !== facts.dataPathPort)
          problems.push({
            ...{ ...where, code: 'data-path-port-differs', kind: 'seen' },
            ...{ observed: udp.to, expected: facts.dataPathPort },
          })
      }
    }
    return judgement({
      problems: distinct(problems),
      missing,
      unseen,
      tables: { expected: { vni: clear.vni, dataPathPort: facts.dataPathPort, pairs: pairs.length } },
      packets: { 'one packet of each ordered pair, leaving its node': deciding },
      conclusion:
        pairs.length === 0
          ? ''
          : `${deciding.length} ordered pairs left as VXLAN with VNI ${clear.vni} to UDP port ${facts.dataPathPort}`,
    })
  },
})
