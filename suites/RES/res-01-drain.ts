import { expect } from 'chai'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { replicas, runningOn, setAvailability } from '../../lib/swarm/availability.ts'
import { overlayTutorial } from '../source.ts'
import { movedWithinMs } from './bounds.ts'
import { disturbedNode } from './disturbed-node.ts'
import { everythingAgain } from './everything-again.ts'
import { holdsAgain } from './holds-again.ts'
import { within } from './within.ts'

export const drain = conformanceTest({
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
  async run(context) {
    const { cluster, evidence, signal } = context
    const node = disturbedNode(context)
    const { name } = node.host
    const before = await runningOn(node)
    evidence.observe('tasks on the node before', { node: name, tasks: before })
    if (before.length === 0) throw new Error(`no task runs on ${name}, so nothing could move`)
    const elsewhere = cluster.nodes.length - 1
    let moved: number
    await setAvailability(cluster, node, 'drain')
    try {
      moved = await within(`the tasks of ${name} moved`, movedWithinMs, signal, async () => {
        const left = await runningOn(node)
        if (left.length > 0) return { ready: false, seen: `still on ${name}: ${left.join(', ')}` }
        const short = (await replicas(cluster)).filter(
          ({ running, wanted }) => running < Math.min(wanted, elsewhere),
        )
        if (short.length === 0) return { ready: true, value: undefined }
        return { ready: false, seen: short.map((s) => `${s.service} ${s.running}/${s.wanted}`).join(', ') }
      })
    } finally {
      await setAvailability(cluster, node, 'active')
    }
    evidence.measure('until its tasks had moved', moved, 's', movedWithinMs / 1000)
    await within(`tasks run on ${name} again`, movedWithinMs, signal, async () => {
      const short = (await replicas(cluster)).filter(({ running, wanted }) => running < wanted)
      if (short.length === 0) return { ready: true, value: undefined }
      return { ready: false, seen: short.map((s) => `${s.service} ${s.running}/${s.wanted}`).join(', ') }
    })
    const seconds = await holdsAgain(context, everythingAgain, {
      since: `${name} was drained and is active again`,
      withinMs: movedWithinMs,
    })
    evidence.measure('until everything held again', seconds, 's', movedWithinMs / 1000)
    expect(await runningOn(node), `tasks on ${name} after its return`).to.not.deep.equal([])
    evidence.conclude(
      `${before.length} tasks left ${name} in ${moved} s; after its return ${everythingAgain.length} requirements held again within ${seconds} s`,
    )
  },
})
