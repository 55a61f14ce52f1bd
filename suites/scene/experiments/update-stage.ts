import { taskFacts } from '../../../lib/conformance/facts.ts'
import { Inconclusive } from '../../../lib/inconclusive.ts'
import { httpBody } from '../../../lib/probe/http.ts'
import type { Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import { type Changing, connect } from './changing.ts'
import { tasksNow } from './crash-stage.ts'
import { pauseAfter } from './pause-after.ts'
import { type BalancersBeside, balancersBeside } from './shown-balancers.ts'

/** A rolling update under bounded load. */
export interface UpdateStage {
  readonly requests: number
  readonly failed: readonly FailedRequest[]
  /** From the update to nothing but new tasks running. */
  readonly replacedMs: number
  /** By the task that gave them. */
  readonly answers: Readonly<Record<string, number>>
  /** Ids of tasks. */
  readonly old: readonly string[]
  readonly renewed: readonly string[]
  /** Where requests failed. */
  readonly beside?: BalancersBeside
}

export interface FailedRequest {
  /** Id of the task that asked. */
  readonly client: string
  readonly outcome: string
  /** Since the update was asked for, to the end of its round. */
  readonly afterMs: number
}

/** How long it takes says nothing of requests: an emulated node that is busy needs two minutes. */
const updatedWithinMs = 240_000
const requestsPerRound = 3
const mostRequests = 240
/** Rounds until all tasks are new ones: as seen. */
const usualRounds = 8

/** Requests of so many clients, the last round being made whole. */
export function updateProbes(clients: number): number {
  const round = requestsPerRound * clients
  return Math.min(usualRounds * round, mostRequests + round)
}

/**
 * A new task counts as healthy, and gets connections, only once its own server answered; so the health check comes
 * with the update (busybox's nc has no -z). An old one is taken out of the balancers two seconds before it is ended (Moby,
 * daemon/cluster/executor/container/controller.go: defaultGossipConvergeDelay).
 */
const options = (page: string): readonly string[] => [
  ...['--update-order', 'start-first', '--update-parallelism', '1'],
  ...['--update-delay', '0s', '--update-monitor', '1s'],
  ...['--health-cmd', `wget -q -O /dev/null http://127.0.0.1${page}`],
  ...['--health-interval', '2s', '--health-timeout', '20s', '--health-retries', '5'],
  ...['--env-add', 'SWARMPROOF_TURN=2'],
]

export async function update(changing: Changing, count: number): Promise<UpdateStage> {
  const { trial, service, lab, clients } = changing
  const old = await trial.running([service], count)
  const startedAt = performance.now()
  const since = (): number => Math.round(performance.now() - startedAt)
  await trial.update(service, options(pagePath(lab.stack)))
  const failed: FailedRequest[] = []
  const answers: Record<string, number> = {}
  let requests = 0
  let renewed: readonly Task[] = []
  while (renewed.length === 0) {
    if (since() > updatedWithinMs)
      throw new Inconclusive(`the update had not ended after ${updatedWithinMs / 1000} s`)
    const begunAt = performance.now()
    const [observations, tasks = []] = await Promise.all([
      requests < mostRequests ? connect(changing, requestsPerRound) : [],
      tasksNow(trial, service),
    ])
    for (const [index, { attempts, replies }] of observations.entries()) {
      requests += attempts.length
      attempts.forEach(({ outcome, errno }, turn) => {
        const body = httpBody(replies[turn])?.trim()
        if (body === undefined)
          failed.push({ client: clients[index]?.id ?? '', outcome: errno ?? outcome, afterMs: since() })
        else answers[body] = (answers[body] ?? 0) + 1
      })
    }
    if (tasks.length === count && tasks.every(({ id }) => !old.some((task) => task.id === id)))
      renewed = tasks
    else await pauseAfter(begunAt, lab.signal)
  }
  const ids = (tasks: readonly Task[]): string[] => tasks.map(({ id }) => id)
  const seen = { requests, failed, replacedMs: since(), answers, old: ids(old), renewed: ids(renewed) }
  return failed.length === 0
    ? seen
    : { ...seen, beside: await balancersBeside(changing, renewed.map(taskFacts)) }
}
