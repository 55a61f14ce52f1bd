import { requirement } from '../../lib/conformance/test.ts'
import { taskName, taskOf } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { changingLimitMs, changingTasks, changingService } from '../scene/experiments/changing-service.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { balancerCodes, problemsBeside } from '../scene/experiments/shown-balancers.ts'
import { stage } from '../scene/experiments/stage.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { moby } from '../source.ts'

export const rollingUpdate = requirement({
  id: 'RES-04',
  requirement:
    'A start-first rolling update under load: failed requests counted and reported; none with a healthy service.',
  source: [moby('daemon/cluster/executor/container/controller.go: defaultGossipConvergeDelay')],
  safety: 'production',
  advisory: true,
  needs: ['ipvs'],
  timeLimitMs: changingLimitMs,
  method:
    'A service made for it is updated start-first, one task after another, with a health check, so that a new task gets connections only once its server answers. Until nothing but new tasks run, a task on every node makes a few HTTP requests at a time to the VIP, 240 at most. Every one must be answered. Where one was not, balancers are read for up to 30 s after that and must list exactly the new tasks.',
  usualCauses: [
    'the service answers later than its health check says, or has none',
    'the server drops open connections at SIGTERM',
    'gossip takes longer than the two seconds the engine grants it before it ends an old task: large or slow clusters',
  ],
  remedy: [
    'give the service a health check and --update-order start-first',
    'let the server finish its connections at SIGTERM and raise --stop-grace-period',
    'raise --update-delay so that the balancers of all nodes follow',
  ],
  codes: ['request-failed-in-update', ...balancerCodes],
  changes: ['service'],
  quiet: [],
  ownTasks: changingTasks,
  reads: [changingService],
  observe: async (lab) => ({ changing: await lab.scene(changingService) }),
  judge({ changing }, facts) {
    const { got: seen, missing, unseen } = stage(changing.updated, 'the update')
    const blind = unseenFromTasks(
      facts,
      changing.clients.map((id) => taskOf(facts, id)),
      facts.services.rr.name,
    )
    if (seen === undefined) return judgement({ missing, unseen: [...unseen, ...blind], conclusion: '' })
    const { requests, failed, answers, old, renewed } = seen
    const byNew = renewed.reduce((sum, id) => sum + (answers[id] ?? 0), 0)
    return judgement({
      problems: [
        ...[...groupBy(failed, ({ client, outcome }) => `${client} ${outcome}`).values()].flatMap(
          (same): Problem[] => {
            const [first] = same
            if (first === undefined) return []
            const client = taskOf(facts, first.client)
            return [
              {
                ...{ code: 'request-failed-in-update', kind: 'missed', node: client.node },
                ...{ ends: { from: taskName(client), to: changing.service }, network: changing.network },
                ...{ service: changing.service, address: changing.vip, subject: first.outcome },
                observed: same.length,
              },
            ]
          },
        ),
        ...problemsBeside(seen.beside, changing),
      ],
      missing,
      unseen: [...unseen, ...blind],
      measures: [
        { name: 'requests during the update', value: requests, unit: 'requests' },
        { name: 'failed requests', value: failed.length, unit: 'requests', bound: 0 },
        { name: 'until only new tasks ran', value: seen.replacedMs / 1000, unit: 's' },
      ],
      tables: {
        'answers by task': { old, renewed, answers, answeredByNewTasks: byNew },
        'failed requests': failed.map(({ client, ...request }) => {
          return { client: taskName(taskOf(facts, client)), ...request }
        }),
      },
      conclusion:
        requests === 0
          ? ''
          : `none of ${requests} requests failed while ${old.length} tasks were replaced in ${seen.replacedMs / 1000} s`,
    })
  },
})
