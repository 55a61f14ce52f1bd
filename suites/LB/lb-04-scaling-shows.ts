import { requirement } from '../../lib/conformance/test.ts'
import { taskOf } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { distinct } from '../../lib/observation/problem.ts'
import { changingLimitMs, changingTasks, changingService } from '../scene/experiments/changing-service.ts'
import { judgeShown } from '../scene/experiments/scale-stage.ts'
import { balancerCodes, shownWithinMs } from '../scene/experiments/shown-balancers.ts'
import { stage } from '../scene/experiments/stage.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { docs, moby } from '../source.ts'

export const scalingShows = requirement({
  id: 'LB-04',
  requirement: 'Scaling up and down shows in DNS and IPVS on every node within a stated bound.',
  source: [docs('Configure service discovery'), moby('libnetwork/networkdb/cluster.go: bulkSyncInterval')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: changingLimitMs,
  method:
    'A service made for it is given one task more, then one less. From the moment the manager lists exactly the wanted tasks as running, a task on every node asks for tasks.<service> and the balancer of every node is read, again and again: within 30 s both must hold exactly the running tasks. Where a balancer chooses at random by rules of nftables, without IPVS, the map that it chooses from is read.',
  usualCauses: [
    'gossip (7946) does not reach the node: see CTL-02, CTL-03',
    'a removed task is kept because its node could not say that it ended',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln on the node named',
    'docker service ps SERVICE; docker service update --force SERVICE',
    'restart the engine of a node that goes on differing',
  ],
  codes: [
    'name-lacks-task',
    'name-lists-stranger',
    'name-lists-twice',
    'name-not-answered',
    'name-refused',
    ...balancerCodes,
  ],
  changes: ['service'],
  quiet: [],
  ownTasks: changingTasks,
  reads: [changingService],
  observe: async (lab) => ({ changing: await lab.scene(changingService) }),
  judge({ changing }, facts) {
    const stages = Object.entries(changing.scaled).map(([way, one]) => stage(one, `scaling ${way}`))
    const bound = shownWithinMs / 1000
    const shown = stages.flatMap(({ got }) => {
      if (got === undefined) return []
      const { tasks, runningSeconds, shown: polled } = got
      const judged = judgeShown(polled.last, { ...changing, tasks })
      const problems = distinct(judged.problems)
      return [{ ...judged, problems, count: tasks.length, runningSeconds, seconds: polled.seconds, polled }]
    })
    const complete = shown.filter(({ problems, unseen, missing }) => {
      return problems.length + unseen.length + missing.length === 0
    })
    return judgement({
      problems: shown.flatMap(({ problems }) => problems),
      missing: [...stages, ...shown].flatMap(({ missing }) => missing),
      unseen: [
        ...[...stages, ...shown].flatMap(({ unseen }) => unseen),
        ...unseenFromTasks(
          facts,
          changing.clients.map((id) => taskOf(facts, id)),
          facts.services.rr.name,
        ),
      ],
      measures: [
        ...shown.map(({ count, runningSeconds }) => ({
          ...{ name: `until exactly ${count} tasks ran`, value: runningSeconds, unit: 's' },
        })),
        ...complete.map(({ count, seconds }) => ({
          ...{ name: `until ${count} tasks showed on every node`, value: seconds, unit: 's', bound },
        })),
      ],
      tables: {
        'looks at every node after scaling': shown.map(({ count, polled }) => ({
          ...{ tasks: count, seconds: polled.seconds, boundSeconds: polled.withinSeconds },
          ...{ differingLooks: polled.looks.length, failedLooks: polled.failedLooks },
        })),
      },
      conclusion:
        complete.length === 0
          ? ''
          : `DNS and IPVS of ${changing.clients.length} nodes showed ${complete.map(({ count, seconds }) => `${count} tasks after ${seconds} s`).join(', ')} (bound ${bound} s)`,
    })
  },
})
