import { setTimeout as delay } from 'node:timers/promises'
import { taskFacts } from '../../../lib/conformance/facts.ts'
import { probeSeen } from '../../../lib/conformance/send-plan.ts'
import { Inconclusive } from '../../../lib/inconclusive.ts'
import { isExpected } from '../../../lib/conformance/missing.ts'
import type { TaskFacts } from '../../../lib/observation/facts.ts'
import type { ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import { httpBody } from '../../../lib/probe/http.ts'
import type { Observation } from '../../../lib/probe/probe.ts'
import type { Task } from '../../../lib/swarm/cluster.ts'
import { killTask } from '../../../lib/swarm/kill-task.ts'
import { loadBalancerNamespace } from '../../../lib/swarm/namespaces.ts'
import type { Trial } from '../../../lib/swarm/trial.ts'
import { connectionsForShares, isTurn } from '../judging/chance.ts'
import { kernel } from '../judging/kernel-seen.ts'
import { someChooseAtRandom } from '../../../lib/observe/random-balancer.ts'
import { type Changing, connect } from './changing.ts'
import { pauseAfter } from './pause-after.ts'
import { type BalancersBeside, balancersBeside } from './shown-balancers.ts'

/** A few connections of one client, while a task is dead or being replaced. */
export interface Round {
  /** Id of the task that connected. */
  readonly client: string
  /** Since the task was killed. */
  readonly endedMs: number
  readonly answered: number
  readonly failed: number
  /** Outcomes of those that failed. */
  readonly outcomes: readonly string[]
  /** What answered: host names of tasks. */
  readonly answers: readonly string[]
}

export interface CrashStage {
  readonly killed: TaskFacts
  readonly rounds: readonly Round[]
  /** The balancers choose at random: a client is reached once the new task answered it in any round. */
  readonly isRandom?: true
  /** The task that runs in its place; null where none was seen. */
  readonly replacement: TaskFacts | null
  /** When it was first seen to answer every client, all of whose connections succeeded. */
  readonly replacedMs: number | null
  /** How often the manager’s list of tasks could be read meanwhile. */
  readonly taskLooks: number
  /** Running tasks at the end, and what each client then got: connections enough for equal shares. */
  readonly tasks: readonly TaskFacts[]
  readonly final: readonly { readonly client: string; readonly probe: ProbeSeen }[]
  /** Where a new task was seen that did not answer every client. */
  readonly beside?: BalancersBeside
  /** How often such connections were made, where shares were unequal at first: `final` is of the last time. */
  readonly finalTries?: number
}

/**
 * The dead task is taken out of the balancers by gossip at once; what gossip loses is made good when networkdb
 * exchanges its tables whole, every 30 s (libnetwork/networkdb/cluster.go: bulkSyncInterval).
 */
export const recoveredWithinMs = 30_000
/** Besides, a task is started again after 5 s (swarmkit, api/defaults: RestartPolicy.Delay) and takes time to start. */
export const replacedWithinMs = recoveredWithinMs + 5_000 + 25_000

const connectionsPerRound = 3

export async function crash(changing: Changing, count: number): Promise<CrashStage> {
  const { trial, service, clients, lab } = changing
  const namespace = loadBalancerNamespace(lab.stack.networks.clear.id)
  const isRandom = someChooseAtRandom(await lab.scene(kernel), namespace)
  const before = await trial.running([service], count)
  const killed = before.at(-1)
  if (killed === undefined) throw new Inconclusive(`${service.name} has no task to kill`)
  await killTask(killed)
  const killedAt = performance.now()
  const since = (): number => Math.round(performance.now() - killedAt)
  const { replacement, ...seen } = await untilReplaced(changing, before, { isRandom, since })
  const tasks = before.filter((task) => task !== killed).concat(replacement ?? [])
  const { last, tries } =
    seen.replacedMs === null
      ? { last: [], tries: 0 }
      : await untilShared(changing, tasks, { isRandom, since })
  const beside =
    seen.replacedMs === null && replacement !== undefined
      ? await balancersBeside(changing, tasks.map(taskFacts))
      : undefined
  return {
    ...(isRandom ? { isRandom } : {}),
    ...(beside === undefined ? {} : { beside }),
    ...{ killed: taskFacts(killed), ...seen, tasks: tasks.map(taskFacts) },
    replacement: replacement === undefined ? null : taskFacts(replacement),
    final: last.map((one, index) => ({ client: clients[index]?.id ?? '', probe: probeSeen(one) })),
    ...(tries > 1 ? { finalTries: tries } : {}),
  }
}

interface Recovering {
  readonly isRandom: boolean
  /** Milliseconds since the task was killed. */
  readonly since: () => number
}

/** Engines go on with their balancers for a while: connections are made again until shares are equal, or the bound runs out. */
async function untilShared(
  changing: Changing,
  tasks: readonly Task[],
  { isRandom, since }: Recovering,
): Promise<{ readonly last: readonly Observation[]; readonly tries: number }> {
  const connections = connectionsForShares(tasks.length, isRandom)
  for (let tries = 1; ; tries += 1) {
    changing.lab.signal.throwIfAborted()
    const last = await connect(changing, connections)
    if (isRandom || last.every((one) => takeTurns(one, tasks)) || since() >= replacedWithinMs)
      return { last, tries }
    await delay(pauseMs, undefined, { signal: changing.lab.signal })
  }
}

const pauseMs = 1_000

/** Whether every task answered as often as the others, one connection more or less. */
export function takeTurns(
  { replies }: Pick<Observation, 'replies'>,
  tasks: readonly Pick<Task, 'hostname'>[],
): boolean {
  const answers = replies.map((reply) => httpBody(reply)?.trim())
  return tasks.every(({ hostname }) =>
    isTurn(answers.filter((answer) => answer === hostname).length, answers.length / tasks.length),
  )
}

/** Goes on connecting until a new task has answered every client, or the bound runs out. */
async function untilReplaced(changing: Changing, before: readonly Task[], { isRandom, since }: Recovering) {
  const { trial, service, clients, lab } = changing
  const rounds: Round[] = []
  let replacement: Task | undefined
  let replacedMs: number | null = null
  let taskLooks = 0
  while (replacedMs === null && since() < replacedWithinMs) {
    lab.signal.throwIfAborted()
    const begunAt = performance.now()
    const [observations, tasks] = await Promise.all([
      connect(changing, connectionsPerRound),
      tasksNow(trial, service),
    ])
    taskLooks += tasks === undefined ? 0 : 1
    replacement = tasks?.find(({ id }) => !before.some((task) => task.id === id)) ?? replacement
    const round = observations.map((one, index) => roundOf(clients[index]?.id ?? '', one, since()))
    rounds.push(...round)
    const { hostname } = replacement ?? {}
    const counted = isRandom ? rounds : round
    if (
      hostname !== undefined &&
      round.every(({ client, failed }) => failed === 0 && isAnsweredBy(hostname, client, counted))
    )
      replacedMs = since()
    else await pauseAfter(begunAt, lab.signal)
  }
  return { rounds, replacement, replacedMs, taskLooks }
}

/** Whether a task answered a client in one of the rounds. */
export function isAnsweredBy(hostname: string, client: string, rounds: readonly Round[]): boolean {
  return rounds.some((round) => round.client === client && round.answers.includes(hostname))
}

/** Undefined while a container comes or goes: its engine may know nothing of it then. */
export async function tasksNow(
  trial: Trial,
  service: { readonly name: string },
): Promise<Task[] | undefined> {
  try {
    return await trial.tasks(service)
  } catch (error) {
    if (!isExpected(error)) throw error
    return undefined
  }
}

function roundOf(client: string, { attempts, replies }: Observation, endedMs: number): Round {
  const bodies = attempts.map((_, index) => httpBody(replies[index])?.trim())
  const failed = attempts.filter((_, index) => bodies[index] === undefined)
  return {
    ...{ client, endedMs, answered: attempts.length - failed.length, failed: failed.length },
    outcomes: [...new Set(failed.map(({ outcome, errno }) => errno ?? outcome))],
    answers: [...new Set(bodies.filter((body) => body !== undefined))],
  }
}
