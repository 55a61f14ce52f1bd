import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { changingLimitMs, changingService } from '../scene/changing-service.ts'
import { moby } from '../source.ts'

export const rollingUpdate = conformanceTest({
  id: 'RES-04',
  requirement:
    'A start-first rolling update under load: failed requests counted and reported; none with a healthy service.',
  source: [moby('daemon/cluster/executor/container/controller.go: defaultGossipConvergeDelay')],
  safety: 'production',
  advisory: true,
  needs: ['ipvs'],
  timeLimitMs: changingLimitMs,
  method:
    'A service made for it is updated start-first, one task after another, with a health check, so that a new task gets connections only once its server answers. Until nothing but new tasks run, a task on every node makes a few HTTP requests at a time to the VIP, 240 at most. Every one must be answered.',
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
  async run(context) {
    const { evidence } = context
    const seen = (await changingService(context)).updated()
    evidence.measure('requests during the update', seen.requests, 'requests')
    evidence.measure('failed requests', seen.failed.length, 'requests', 0)
    evidence.measure('until only new tasks ran', seen.replacedMs / 1000, 's')
    evidence.observe('answers by task', { old: seen.old, renewed: seen.renewed, answers: seen.answers })
    evidence.observe('failed requests', seen.failed)
    if (!seen.renewed.some((id) => (seen.answers[id] ?? 0) > 0))
      evidence.observe('load', 'no request reached a new task before the update had ended')
    requireNone(
      `no request fails during a start-first update (${seen.failed.length} of ${seen.requests} did)`,
      seen.failed.map(
        ({ client, outcome, afterMs }) => `${client}: ${outcome}, ${afterMs / 1000} s after the update began`,
      ),
    )
    evidence.conclude(
      `none of ${seen.requests} requests failed while ${seen.old.length} tasks were replaced in ${seen.replacedMs / 1000} s`,
    )
  },
})
