import { setTimeout as delay } from 'node:timers/promises'
import { observePart } from '../../lib/conformance/missing.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { reversibly } from '../../lib/change/reversibly.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { scriptLines, sh } from '../../lib/script.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { listNodes } from '../../lib/swarm/network-view.ts'
import { stage } from '../scene/experiments/stage.ts'
import { moby } from '../source.ts'
import { healedWithinMs, partitionMs } from './bounds.ts'
import { disturbedNode } from './disturbed-node.ts'
import { everythingEncryptedAgain } from './everything-again.ts'
import { type Again, observeAgain } from './observe-again.ts'
import { judgeAgain } from './judge-again.ts'
import { notUndone, type Undone, undoing } from './undoing.ts'
import { namesLostAfterCut } from '../known-issues.ts'
import { probesOf } from '../../lib/conformance/sending.ts'

const chain = 'SWARMPROOF-CUT'

export const partition = requirement({
  id: 'RES-02',
  requirement: 'Partition and heal: swarm API, gossip, FDB, IPVS and DNS agree on every node again.',
  source: [moby('libnetwork/networkdb/cluster.go, swarmkit manager/dispatcher')],
  safety: 'lab',
  timeLimitMs: partitionMs + healedWithinMs + 120_000,
  needs: ['two-nodes', 'ipvs'],
  knownIssues: [namesLostAfterCut],
  method:
    'A firewall on one node drops everything from and to the other nodes until the managers give it up (30 s: twice the three heartbeats they wait). Then it is taken away, and within the bound nodes, gossip, security associations, forwarding, balancing, discovery, full mesh and routing mesh (CTL-10, ENC-03, VXL-06, LB-02, DSC-02, DSC-01, OVL-03, LB-01, ING-01) must hold in one look. The bound is networkdb’s rejoin interval (60 s), its table exchange (30 s), the managers’ 15 s and 120 s for starting tasks.',
  usualCauses: [
    'gossip stays split after a partition: nodes on one side do not hear of tasks on the other (moby/moby#42459)',
    'names that moved meanwhile stay unknown on the node that was cut off (moby/moby#53141)',
  ],
  remedy: [
    'restart the engine of the node that disagrees',
    'journalctl -u docker on both sides: memberlist, networkdb, "failed to join"',
  ],
  codes: ['node-not-given-up', 'not-again'],
  changes: ['host', 'stack'],
  quiet: ['traffic', 'tasks', 'changes'],
  reads: [],
  probes: (lab) => probesOf(everythingEncryptedAgain, lab),
  async observe(lab): Promise<Partitioned> {
    const { cluster, signal } = lab
    const node = disturbedNode(lab)
    const others = cluster.nodes.filter((other) => other !== node)
    const heal = await cut(node, others, lab.label)
    let undone: Undone
    let state: Part<string>
    try {
      await delay(partitionMs, undefined, { signal })
      state = await observePart(async () => {
        const listed = await listNodes(cluster)
        return listed.find(({ id }) => id === node.nodeId)?.state ?? 'not listed'
      })
    } finally {
      undone = await undoing(heal)
    }
    const seen = { node: node.host.name, state, undone }
    return undone === null
      ? { ...seen, again: await observeAgain(lab, everythingEncryptedAgain, healedWithinMs) }
      : seen
  },
  judge({ node, state: listed, undone, again }) {
    const { got: state, missing, unseen } = stage(listed, `the state of ${node} while it was cut off`)
    const seconds = partitionMs / 1000
    const judged =
      again === undefined
        ? undefined
        : judgeAgain(again, everythingEncryptedAgain, 'after the partition had healed')
    return judgement({
      problems: [...givenUpProblems(node, state), ...(judged?.problems ?? [])],
      controls: judged?.controls ?? [],
      measures: judged?.measures ?? [],
      missing: [...missing, ...(judged?.missing ?? [])],
      unseen: [...unseen, ...notUndone(undone, node), ...(judged?.unseen ?? [])],
      tables: { 'while cut off': { node, state, forSeconds: seconds }, ...judged?.tables },
      conclusion:
        again === undefined
          ? ''
          : `${node} was down for the managers after ${seconds} s without a packet; ${again.polled.seconds} s after the partition had healed ${everythingEncryptedAgain.length} requirements held again`,
    })
  },
})

function givenUpProblems(node: string, observed: string | undefined): Problem[] {
  if (observed === undefined || observed === 'down') return []
  const problem = { code: 'node-not-given-up', kind: 'missed', node } as const
  return [{ ...problem, expected: 'down', observed, controls: [] }]
}

interface Partitioned {
  readonly node: string
  /** What the managers’ list said of it at the end. */
  readonly state: Part<string>
  readonly undone: Undone
  /** Only once the partition had healed. */
  readonly again?: Again
}

/** Cuts a node off and returns how to heal that; the host does so by itself if the owner of this run dies. */
function cut(node: ClusterNode, others: readonly ClusterNode[], run: string): Promise<() => Promise<void>> {
  const addresses = new Set(
    others.flatMap(({ advertise, dataPath }) => [advertise.address, dataPath.address]),
  )
  const rules = [...addresses].flatMap((address) => [
    sh`iptables -w -t raw -A ${chain} -s ${address} -j DROP`,
    sh`iptables -w -t raw -A ${chain} -d ${address} -j DROP`,
  ])
  return reversibly(node.host, {
    name: 'partition',
    run,
    do: scriptLines([
      sh`iptables -w -t raw -N ${chain}`,
      ...rules,
      sh`iptables -w -t raw -I PREROUTING -j ${chain}
iptables -w -t raw -I OUTPUT -j ${chain}`,
    ]),
    // All of it is tried, also after a part of the change alone; that the chain is gone is what counts.
    undo: sh`iptables -w -t raw -D PREROUTING -j ${chain}
iptables -w -t raw -D OUTPUT -j ${chain}
iptables -w -t raw -F ${chain}
iptables -w -t raw -X ${chain}
! iptables -w -t raw -n -L ${chain} >/dev/null 2>&1`,
    deadManSeconds: (3 * partitionMs) / 1000,
  })
}
