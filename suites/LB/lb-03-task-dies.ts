import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { changingLimitMs, changingService } from '../scene/changing-service.ts'
import { recoveredWithinMs, replacedWithinMs } from '../scene/crash-stage.ts'
import { taskLabel } from '../scene/pair.ts'
import { moby, overlayTutorial } from '../source.ts'
import { recoveryProblems } from './recovery.ts'
import { countShares, shareProblems } from './shares.ts'

export const taskDies = conformanceTest({
  id: 'LB-03',
  requirement:
    'When a task dies, connections by VIP go on succeeding within a stated bound, and its replacement takes its share.',
  source: [
    overlayTutorial('Routing Mesh'),
    moby('libnetwork/networkdb/cluster.go: bulkSyncInterval; swarmkit, api/defaults: RestartPolicy'),
  ],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  timeLimitMs: changingLimitMs,
  method:
    'One of two tasks of a service made for it is killed, as a crash would, while a task on every node goes on making connections to the VIP, a few at a time. Within 30 s every connection must succeed again, and within 60 s a replacement must answer every client. Then each client makes six connections per task: all tasks, the replacement too, must answer in equal shares, one more or less tolerated.',
  usualCauses: [
    'gossip does not reach the node of the client, so its balancer keeps the dead task and misses the new one: see CTL-03, LB-02',
    'the restart policy of the service does not restart tasks',
    'the node of the replacement cannot be reached: see OVL-03',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln on the node of the client, again and again while a task is killed',
    'search the engine log of that node for "memberlist" and "networkdb"',
  ],
  async run(context) {
    const { evidence } = context
    const seen = (await changingService(context)).crashed()
    evidence.observe(`connections by client after ${seen.killed} was killed`, seen.rounds)
    const names = new Map(seen.tasks.map((task) => [task.hostname, taskLabel(task)]))
    const shares = seen.final.map(({ client, replies }) => countShares(client, replies, names))
    evidence.observe('answers by client once it was replaced', shares)
    const lastFailureMs = Math.max(0, ...seen.rounds.map(({ failed, endedMs }) => (failed > 0 ? endedMs : 0)))
    evidence.measure(
      'last failed connection after the death',
      lastFailureMs / 1000,
      's',
      recoveredWithinMs / 1000,
    )
    if (seen.replacedMs !== undefined)
      evidence.measure(
        'replacement answered every client',
        seen.replacedMs / 1000,
        's',
        replacedWithinMs / 1000,
      )
    requireNone(`connections go on when ${seen.killed} dies, and its replacement takes its share`, [
      ...recoveryProblems(seen),
      ...shares.flatMap(shareProblems),
    ])
    const total = seen.rounds.reduce((sum, { answered, failed }) => sum + answered + failed, 0)
    const failed = seen.rounds.reduce((sum, round) => sum + round.failed, 0)
    evidence.conclude(
      `after ${seen.killed} was killed ${failed} of ${total} connections failed, the last within ${lastFailureMs / 1000} s (bound ${recoveredWithinMs / 1000} s); its replacement answered all ${shares.length} clients after ${(seen.replacedMs ?? 0) / 1000} s (bound ${replacedWithinMs / 1000} s) and takes its share`,
    )
  },
})
