import { requirement } from '../../lib/conformance/test.ts'
import { taskName, taskOf } from '../../lib/observation/facts.ts'
import { judgement, type Measure } from '../../lib/observation/judgement.ts'
import { changingLimitMs, changingTasks, changingService } from '../scene/experiments/changing-service.ts'
import { recoveredWithinMs, replacedWithinMs } from '../scene/experiments/crash-stage.ts'
import { stage } from '../scene/experiments/stage.ts'
import { balancerCodes, problemsBeside } from '../scene/experiments/shown-balancers.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { moby, overlayTutorial } from '../source.ts'
import { judgeRecovery } from './recovery.ts'
import { type Client, countShares, shareProblems, sharesTable } from './task-shares.ts'

export const taskDies = requirement({
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
    'One of two tasks of a service made for it is killed, as a crash would, while a task on every node goes on making connections to the VIP, a few at a time. Within 30 s every connection must succeed again, and within 60 s a replacement must answer every client. Then each client makes six connections per task: all tasks, the replacement too, must answer in equal shares, one more or less tolerated, within those 60 s: where they do not at first, the connections are made again. Where balancers choose at random there are more of them and shares are those of chance, see LB-01. Where the replacement does not answer, balancers are read for up to 30 s and must list exactly the running tasks.',
  usualCauses: [
    'gossip does not reach the node of the client, so its balancer keeps the dead task and misses the new one: see CTL-03, LB-02',
    'the restart policy of the service does not restart tasks',
    'the node of the replacement cannot be reached: see OVL-03',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln on the node of the client, again and again while a task is killed',
    'search the engine log of that node for "memberlist" and "networkdb"',
  ],
  codes: [
    'connections-still-fail',
    'replacement-missing',
    'replacement-not-reached',
    'connections-unanswered',
    'answered-by-another',
    'task-not-balanced-to',
    'shares-unequal',
    ...balancerCodes,
  ],
  changes: ['service'],
  quiet: [],
  ownTasks: changingTasks,
  reads: [changingService, kernel],
  observe: async (lab) => ({ changing: await lab.scene(changingService) }),
  judge({ changing }, facts) {
    const { got: seen, missing, unseen } = stage(changing.crashed, 'the death of a task')
    const blind = unseenFromTasks(
      facts,
      changing.clients.map((id) => taskOf(facts, id)),
      facts.services.rr.name,
    )
    if (seen === undefined) return judgement({ missing, unseen: [...unseen, ...blind], conclusion: '' })
    const clientOf = (id: string): Client => {
      const task = taskOf(facts, id)
      return {
        ...{ node: task.node, ends: { from: taskName(task), to: changing.service } },
        ...{ network: changing.network, service: changing.service, address: changing.vip },
      }
    }
    const recovery = judgeRecovery(seen, clientOf)
    const shares = seen.final.map(({ client, probe }) => {
      return { client: clientOf(client), shares: countShares(probe.replies, seen.tasks) }
    })
    const killed = taskName(seen.killed)
    const lastFailureMs = Math.max(0, ...seen.rounds.map(({ failed, endedMs }) => (failed > 0 ? endedMs : 0)))
    const failed = seen.rounds.reduce((sum, round) => sum + round.failed, 0)
    const total = seen.rounds.reduce((sum, { answered }) => sum + answered, failed)
    const [recovered, replaced] = [recoveredWithinMs / 1000, replacedWithinMs / 1000]
    return judgement({
      problems: [
        ...recovery.problems,
        ...problemsBeside(seen.beside, changing),
        ...shares.flatMap((one) => shareProblems(one.shares, seen.tasks, one.client, seen.isRandom === true)),
      ],
      missing,
      unseen: [...unseen, ...recovery.unseen, ...blind],
      measures: [
        ...[measure('last failed connection after the death', lastFailureMs, recovered)],
        ...(seen.replacedMs === null
          ? []
          : [measure('replacement answered every client', seen.replacedMs, replaced)]),
      ],
      tables: {
        [`connections by client after ${killed} was killed`]: seen.rounds.map(({ client, ...round }) => {
          return { client: clientOf(client).ends.from, ...round }
        }),
        'answers by client once it was replaced': shares.map((one) =>
          sharesTable(one.client.ends.from, one.shares, seen.tasks),
        ),
      },
      conclusion:
        total === 0
          ? ''
          : `after ${killed} was killed ${failed} of ${total} connections failed, the last within ${lastFailureMs / 1000} s (bound ${recovered} s); its replacement answered all ${shares.length} clients after ${(seen.replacedMs ?? 0) / 1000} s (bound ${replaced} s) and takes its share${seen.finalTries === undefined ? '' : `: shares were unequal at first and equal at try ${seen.finalTries}`}`,
    })
  },
})

function measure(name: string, ms: number, bound: number): Measure {
  return { name, value: ms / 1000, unit: 's', bound }
}
