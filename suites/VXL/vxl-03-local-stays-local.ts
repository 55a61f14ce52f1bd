import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, taskOf, tasksIn } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { internals } from '../source.ts'

export const localStaysLocal = requirement({
  id: 'VXL-03',
  requirement: 'Traffic between tasks on one host never reaches the underlay.',
  source: [internals('Inspecting vxlan tunnel interfaces')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Tasks of the clear network that share a host exchange data that holds a nonce of its own while the data-path interface of each node is recorded. No packet of any recording may hold that nonce, and no VXLAN packet may go between two tasks of one host. Controls: canaries at start and end, the nonce of the traffic across hosts is found by the same matcher, and the traffic within the hosts was answered.',
  usualCauses: [
    'a forwarding entry sends a local task’s MAC to a remote node, often left over from before the task moved',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show: the MAC of a local task must have no "dst"',
    'docker service update --force SERVICE gives the task a new endpoint',
  ],
  codes: ['local-traffic-left'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires, exchanged } }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const all = seenFrames(got.values())
    const local = exchanged.filter(({ from, to }) => taskOf(facts, from).node === taskOf(facts, to).node)
    const hostOf = new Map(tasksIn(facts, 'clear').map((task) => [addressIn(task, clear), task.node]))
    const homeOf = ({ inner }: SeenFrame): string | undefined => {
      const home = hostOf.get(inner?.ip?.source ?? '')
      return hostOf.get(inner?.ip?.destination ?? '') === home ? home : undefined
    }
    const left = all.filter(
      (frame) =>
        frame.matched.includes('local') || (frame.vxlan?.vni === clear.vni && homeOf(frame) !== undefined),
    )
    const across = all.filter(({ matched }) => matched.includes('clear')).length
    const answered = local.filter(({ probe }) => probe.outcome === 'answered').length
    return judgement({
      problems: distinct(
        left.map((frame): Problem => ({
          ...{ code: 'local-traffic-left', kind: 'seen', network: clear.name },
          ...{ node: homeOf(frame) ?? frame.seenOn, subject: frame.seenOn },
        })),
      ),
      controls: [
        { name: 'data sent across hosts found', held: across > 0, observed: across },
        {
          name: 'a task answered another on its own host',
          held: answered > 0 || local.length === 0,
          observed: answered,
        },
      ],
      missing,
      unseen:
        local.length === 0
          ? [
              ...unseen,
              { what: 'traffic within a node', nodes: [], why: 'no node has two tasks of the clear network' },
            ]
          : unseen,
      tables: {
        controls: {
          packetsRecorded: all.length,
          packetsWithNonceAcrossHosts: across,
          probesWithinHosts: local.length,
          answeredWithinHosts: answered,
        },
      },
      packets: { 'local traffic on the underlay': left.slice(0, 40).map(refOf) },
      conclusion: `${answered} of ${local.length} exchanges within hosts were answered and none of the ${all.length} packets on the underlay belongs to them; the nonce sent across hosts is in ${across}`,
    })
  },
})
