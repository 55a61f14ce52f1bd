import { requirement } from '../../lib/conformance/test.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { poll } from '../../lib/poll.ts'
import { setAvailability } from '../../lib/swarm/availability.ts'
import type { Cluster, ClusterNode } from '../../lib/swarm/cluster.ts'
import { overlayTutorial } from '../source.ts'
import { movedWithinMs } from './bounds.ts'
import { disturbedNode } from './disturbed-node.ts'
import { everythingAgain } from './everything-again.ts'
import { type Again, observeAgain } from './observe-again.ts'
import { judgeAgain } from './judge-again.ts'
import {
  lookAtTasks,
  movedTaskProblems,
  returnedProblems,
  servicesOn,
  type TasksLook,
} from './moved-tasks.ts'
import { notUndone, type Undone, undoing } from './undoing.ts'
import { probesOf } from '../../lib/conformance/sending.ts'

export const drain = requirement({
  id: 'RES-01',
  requirement:
    'Drain and re-activate a node: tasks move, and every check of OVL/DSC/LB holds again within a stated bound.',
  source: [overlayTutorial('the introduction, on addresses that change')],
  safety: 'lab',
  timeLimitMs: 4 * movedWithinMs,
  needs: ['two-nodes', 'ipvs'],
  method:
    'A node with tasks is drained: within the bound no task may run there and every replicated service that fits elsewhere must have all its tasks again. Then it is made active, and within the bound the checks of gossip, forwarding, balancing, discovery, full mesh and the routing mesh (CTL-10, VXL-06, LB-02, DSC-02, DSC-01, OVL-03, LB-01, ING-01) must all hold in one look. The bounds are swarmkit’s restart delay of 5 s and 120 s for starting tasks.',
  usualCauses: [
    'a constraint or a host port leaves the service no other node to run on',
    'gossip does not reach a node: it goes on sending to tasks that are gone',
    'the data-path port is blocked towards the node the tasks moved to',
  ],
  remedy: [
    'docker service ps SERVICE: the error of the task that does not start',
    'the message names the requirement that does not hold: swarmproof explain ID',
  ],
  codes: ['task-not-moved', 'tasks-not-running', 'no-task-returned', 'not-again'],
  changes: ['node', 'stack'],
  quiet: ['traffic', 'tasks', 'changes'],
  reads: [],
  probes: (lab) => probesOf(everythingAgain, lab),
  async observe(lab): Promise<Drained> {
    const { cluster, signal } = lab
    const node = disturbedNode(lab)
    const { name } = node.host
    const before = await servicesOn(node, lab.facts.namePrefix)
    if (before.length === 0) throw new Inconclusive(`no task runs on ${name}, so nothing could move`)
    const elsewhere = cluster.nodes.length - 1
    const bound = { withinMs: movedWithinMs, everyMs: 1000, signal }
    const moving = await whileDrained(cluster, node, () =>
      poll(
        { what: `the tasks of ${name} run elsewhere`, ...bound },
        () => lookAtTasks(lab, node),
        (seen) => movedTaskProblems(seen, name, elsewhere),
      ),
    )
    const seen = { node: name, before, elsewhere, ...moving }
    if (seen.undone !== null) return seen
    const returned = await poll(
      { what: `tasks run on ${name} again`, ...bound },
      () => lookAtTasks(lab, node),
      (look) => returnedProblems(look, name),
    )
    return returned.reached
      ? { ...seen, returned, again: await observeAgain(lab, everythingAgain, movedWithinMs) }
      : { ...seen, returned }
  },
  judge({ node, before, elsewhere, moved, undone, returned, again }) {
    const bound = movedWithinMs / 1000
    const left = movedTaskProblems(moved.last, node, elsewhere)
    const short = returned === undefined ? [] : returnedProblems(returned.last, node)
    const judged = again === undefined ? undefined : judgeAgain(again, everythingAgain, 'after its return')
    return judgement({
      problems: [...left, ...short, ...(judged?.problems ?? [])],
      controls: judged?.controls ?? [],
      measures: [
        ...(left.length > 0
          ? []
          : [{ name: 'until its tasks had moved', value: moved.seconds, unit: 's', bound }]),
        ...(judged?.measures ?? []),
      ],
      missing: judged?.missing ?? [],
      unseen: [...notUndone(undone, node), ...(judged?.unseen ?? [])],
      tables: { 'tasks on the node before': { node, tasks: before }, ...judged?.tables },
      conclusion:
        again === undefined
          ? ''
          : `${before.length} tasks left ${node} in ${moved.seconds} s; after its return ${everythingAgain.length} requirements held again within ${again.polled.seconds} s`,
    })
  },
})

interface Drained {
  readonly node: string
  /** Services of the tasks on it. */
  readonly before: readonly string[]
  /** How many other nodes there are. */
  readonly elsewhere: number
  readonly moved: Polled<TasksLook>
  readonly undone: Undone
  /** Only once the node is active again. */
  readonly returned?: Polled<TasksLook>
  readonly again?: Again
}

/** Drains a node while `work` is done. */
async function whileDrained<T>(
  cluster: Cluster,
  node: ClusterNode,
  work: () => Promise<T>,
): Promise<{ readonly moved: T; readonly undone: Undone }> {
  const activate = (): Promise<void> => setAvailability(cluster, node, 'active')
  try {
    await setAvailability(cluster, node, 'drain')
    const moved = await work()
    return { moved, undone: await undoing(activate) }
  } catch (error) {
    await undoing(activate)
    throw error
  }
}
