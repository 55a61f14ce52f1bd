import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { containsBytes } from '../../lib/packet/query.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { exchange } from '../scene/exchange-before.ts'
import { everyPacket, vxlanFrames } from '../scene/frames.ts'
import { addressOn } from '../scene/pair.ts'
import { internals } from '../source.ts'

export const localStaysLocal = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear } = stack.networks
    const { exchanged, recordings, nonces } = await exchange(context)
    const local = exchanged.filter(({ from, to }) => from.node === to.node)
    if (local.length === 0)
      throw new Error('no node has two tasks of the clear network, so nothing was sent within one')

    const all = everyPacket(recordings.values(), cluster.nodes)
    const readable = (word: string) => all.filter(({ packet }) => containsBytes(packet, Buffer.from(word)))
    const leaked = readable(nonces.local)
    const hostOf = new Map(
      tasksOn(stack, 'clear').map((task) => [addressOn(task, clear), task.node.host.name]),
    )
    const strayed = vxlanFrames(recordings.values(), cluster.nodes).filter(({ vxlan, inner }) => {
      const host = inner === undefined ? undefined : hostOf.get(inner.source)
      return vxlan.vni === clear.vni && host !== undefined && hostOf.get(inner?.destination ?? '') === host
    })
    const answered = local.filter(({ observation }) => observation.outcome === 'answered').length
    const controls = {
      packetsRecorded: all.length,
      packetsWithNonceAcrossHosts: readable(nonces.clear).length,
      probesWithinHosts: local.length,
      answeredWithinHosts: answered,
    }
    evidence.observe('controls', controls)
    if (leaked.length + strayed.length > 0) {
      evidence.packets('local traffic on the underlay', [
        ...new Set([...leaked, ...strayed].map(({ packet }) => packet)),
      ])
    }
    requireNone('traffic between tasks of one host stays on it', [
      ...new Set([
        ...strayed.map(
          ({ inner, outer, seenOn }) =>
            `seen on ${seenOn}: ${inner?.source} → ${inner?.destination}, both on ${hostOf.get(inner?.source ?? '')}, was sent from ${outer.source} to ${outer.destination}`,
        ),
        ...leaked.map(({ node }) => `data sent within a host was seen on the underlay of ${node.host.name}`),
      ]),
    ])
    if (controls.packetsWithNonceAcrossHosts === 0) {
      throw new Error('the matcher did not find the data sent across hosts, so "none seen" proves nothing')
    }
    if (answered === 0) {
      throw new Error('no task answered another on its own host, so "none seen" proves nothing; see OVL-03')
    }
    evidence.conclude(
      `${answered} of ${local.length} exchanges within hosts were answered and none of the ${all.length} packets on the underlay belongs to them; the nonce sent across hosts is in ${controls.packetsWithNonceAcrossHosts}`,
    )
  },
})
