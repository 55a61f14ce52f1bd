import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { leavingWorker } from '../../lib/swarm/membership.ts'
import { backWithinMs } from '../RES/bounds.ts'
import { docs } from '../source.ts'
import { datagramsOfJoined, type Joined, joinedProblems, rejoin, type Way } from './joined-by.ts'

export const addressOptions = requirement({
  id: 'CTL-12',
  requirement:
    'Address options take names of interfaces, and without `--data-path-addr` the data path takes the advertise address.',
  source: [docs('Use a separate interface for control and data traffic')],
  safety: 'lab',
  needs: ['two-nodes', 'separate-data-path'],
  timeLimitMs: 2 * backWithinMs + 360_000,
  method:
    'A worker with two underlay interfaces leaves and joins again twice: first with --advertise-addr alone, then with both options, each time with names of interfaces for addresses. Its engine must state the address of the interface that was named to advertise. Once a task of the clear network runs on it, within the bound another node’s forwarding entry for that task must lead to the address the data path is to have, and while a task there sends to it, VXLAN must arrive at that address, on its interface, and nowhere else. The bound is networkdb’s rejoin interval (60 s), its table exchange (30 s), swarmkit’s restart delay (5 s) and 120 s for starting tasks.',
  usualCauses: [
    'the interface has several addresses, so a name does not say which',
    'gossip (7946) does not bring the node’s new data-path address to the others: they keep the old one',
  ],
  remedy: [
    'docker info --format "{{.Swarm.NodeAddr}}" on the node named; ip -br address for its interfaces',
    'bridge fdb show dev vxlan0 in /run/docker/netns/1-… of another node: where do the entries of its tasks lead?',
    'give addresses instead of names',
  ],
  codes: ['stated-address-differs', 'tunnel-end-differs', 'data-arrived-elsewhere', 'data-not-arrived'],
  changes: ['node', 'stack'],
  quiet: ['changes'],
  reads: [],
  probes: () => 2 * datagramsOfJoined,
  async observe(lab) {
    const node = leavingWorker(lab.cluster)
    const { advertise, dataPath } = node
    const ways: readonly Way[] = [
      { what: 'with --advertise-addr alone', by: { advertise: advertise.interface }, dataPath: advertise },
      {
        what: 'with both options',
        by: { advertise: advertise.interface, dataPath: dataPath.interface },
        dataPath,
      },
    ]
    const joined: Joined[] = []
    let current = node
    for (const way of ways) {
      const again = await rejoin(lab, current, way)
      current = again.node
      joined.push(again.joined)
    }
    return { node: node.host.name, advertise, dataPath, joined }
  },
  judge({ node, advertise, dataPath, joined }, facts) {
    const parts = joined.map(({ wires, what }) => ({ what, ...part(wires, 'capture') }))
    return judgement({
      problems: joined.flatMap((one) => joinedProblems(one, node, advertise, facts)),
      missing: parts.flatMap(({ missing }) => missing),
      unseen: parts.flatMap(({ unseen }) => unseen),
      tables: {
        [`${node} joined by names of interfaces`]: joined.map(({ what, stated, vtep, asker }) => ({
          ...{ what, stated, vtep: vtep.last, asker },
        })),
      },
      conclusion: `${node} joined by ${advertise.interface} alone had its data path at ${advertise.address}, where VXLAN arrived; joined by ${advertise.interface} and ${dataPath.interface} at ${dataPath.address}`,
    })
  },
})
