import { httpBody, httpGet } from '../../lib/probe/http.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { killTask } from '../../lib/swarm/kill-task.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Changing } from './changing-service.ts'
import { inTask, taskLabel } from './pair.ts'

/** A few connections of one client, while a task is dead or being replaced. */
export interface Round {
  readonly client: string
  /** Since the task was killed. */
  readonly endedMs: number
  readonly answered: number
  readonly failed: number
  /** Outcomes of those that failed. */
  readonly outcomes: readonly string[]
}

export interface CrashStage {
  readonly killed: string
  readonly rounds: readonly Round[]
  /** The task that runs in its place, and when it was first seen to answer every client. */
  readonly replacement: Task | undefined
  readonly replacedMs: number | undefined
  /** Running tasks at the end, and what each client then got: connections enough for equal shares. */
  readonly tasks: readonly Task[]
  readonly final: readonly { readonly client: string; readonly replies: readonly (string | undefined)[] }[]
}

/**
 * The dead task is taken out of the balancers by gossip at once; what gossip loses is made good when networkdb
 * exchanges its tables whole, every 30 s (libnetwork/networkdb/cluster.go: bulkSyncInterval).
 */
export const recoveredWithinMs = 30_000
/** Besides, a task is started again after 5 s (swarmkit, api/defaults: RestartPolicy.Delay) and takes time to start. */
export const replacedWithinMs = recoveredWithinMs + 5_000 + 25_000

const connectionsPerRound = 3
/** A dead address answers nothing; a task of an emulated host was seen to take seconds. */
const answerMs = 4_000
const roundsPerTask = 6

export async function crash(changing: Changing, count: number): Promise<CrashStage> {
  const { trial, service, context } = changing
  const before = await trial.running([service], count)
  const killed = before.at(-1)
  if (killed === undefined) throw new Error(`${service.name} has no task`)
  await killTask(killed)
  const killedAt = performance.now()
  const since = (): number => Math.round(performance.now() - killedAt)
  const rounds: Round[] = []
  let replacement: Task | undefined
  let replacedMs: number | undefined
  while (replacedMs === undefined && since() < replacedWithinMs) {
    context.signal.throwIfAborted()
    const [observations, tasks] = await Promise.all([
      connect(changing, connectionsPerRound),
      // While a container comes or goes its engine may know nothing of it.
      trial.tasks(service).catch((): Task[] => []),
    ])
    replacement = tasks.find(({ id }) => !before.some((task) => task.id === id))
    const answers = observations.map(({ replies }) => replies.map((reply) => httpBody(reply)?.trim()))
    const round = observations.map((one, index) => asRound(changing.clients[index], one, since()))
    rounds.push(...round)
    const everywhere = answers.every((seen) => seen.includes(replacement?.hostname))
    if (replacement !== undefined && everywhere && round.every(({ failed }) => failed === 0))
      replacedMs = since()
  }
  const tasks = before.filter((task) => task !== killed).concat(replacement ?? [])
  const last = replacedMs === undefined ? [] : await connect(changing, roundsPerTask * tasks.length)
  return {
    killed: taskLabel(killed),
    rounds,
    replacement,
    replacedMs,
    tasks,
    final: last.map(({ replies }, index) => ({
      client: labelOf(changing.clients[index]),
      replies: replies.map(httpBody),
    })),
  }
}

/** From every client to the VIP, fresh connections one after another. */
export function connect(
  { context, clients, vip }: Changing,
  repeat: number,
): Promise<readonly Observation[]> {
  return context.probe.send(
    clients.map((client) => ({
      kind: 'tcp' as const,
      from: inTask(client),
      to: vip,
      port: 80,
      request: httpGet(pagePath(context.stack)),
      timeoutMs: answerMs,
      repeat,
    })),
  )
}

function asRound(client: Task | undefined, { attempts, replies }: Observation, endedMs: number): Round {
  const failed = attempts.filter((_, index) => httpBody(replies[index]) === undefined)
  return {
    client: labelOf(client),
    endedMs,
    answered: attempts.length - failed.length,
    failed: failed.length,
    outcomes: [...new Set(failed.map(({ outcome, errno }) => errno ?? outcome))],
  }
}

export function labelOf(task: Task | undefined): string {
  return task === undefined ? 'nobody' : taskLabel(task)
}
