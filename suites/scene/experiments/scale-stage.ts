import { taskFacts } from '../../../lib/conformance/facts.ts'
import { sendPlan } from '../../../lib/conformance/send-plan.ts'
import { addressIn, type TaskFacts, taskName } from '../../../lib/observation/facts.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import { poll } from '../../../lib/poll.ts'
import { dnsQuery } from '../../../lib/probe/dns.ts'
import { type Asked, nameProblems, withoutTimes } from '../judging/name-problems.ts'
import { inTask } from '../sending/pair.ts'
import type { Changing } from './changing.ts'
import {
  balancersOf,
  judgeBalancers,
  type Scaled,
  scaledTo,
  type Shown,
  type ShownBalancers,
  shownWithinMs,
} from './shown-balancers.ts'

/** A change of the number of tasks, and what every node showed of it from then on. */
export interface ScaleStage {
  /** From the update to the manager listing exactly so many running tasks. */
  readonly runningSeconds: number
  /** Those tasks. */
  readonly tasks: readonly TaskFacts[]
  /** From there on. */
  readonly shown: Polled<ShownLook>
}

/** DNS and IPVS of the nodes in one look. */
export interface ShownLook {
  readonly names: readonly Asked[]
  readonly balancers: ShownBalancers
}

export async function scale(changing: Changing, count: number): Promise<ScaleStage> {
  const { trial, service, lab } = changing
  const updatedAt = performance.now()
  await trial.update(service, [`--replicas=${count}`])
  const running = await trial.running([service], count)
  const runningSeconds = Math.round((performance.now() - updatedAt) / 100) / 10
  const tasks = running.map(taskFacts)
  const scaled = scaledTo(changing, tasks)
  const shown = await poll(
    { what: `${count} tasks show on every node`, withinMs: shownWithinMs, everyMs: 500, signal: lab.signal },
    () => look(changing),
    (seen) => {
      const { problems, unseen } = judgeShown(seen, scaled)
      return [...problems, ...unseen]
    },
  )
  return { runningSeconds, tasks, shown }
}

async function look(changing: Changing): Promise<ShownLook> {
  const { lab, clients, service } = changing
  const name = `tasks.${service.name}`
  const [names, balancers] = await Promise.all([
    sendPlan(
      lab.probe,
      clients.map((client) => ({ name, request: dnsQuery(inTask(client), name) })),
    ),
    balancersOf(changing),
  ])
  return { names: names.map(withoutTimes), balancers }
}

/** How DNS and IPVS of the nodes differ from the running tasks. */
export function judgeShown(seen: ShownLook, scaled: Scaled): Shown {
  const { service, network, tasks } = scaled
  const expected = new Map(tasks.map((task) => [addressIn(task, { name: network }), taskName(task)]))
  const balancers = judgeBalancers(seen.balancers, scaled)
  return {
    ...balancers,
    problems: [
      ...seen.names.flatMap((asked) => nameProblems(asked, expected, { network, service })),
      ...balancers.problems,
    ],
  }
}
