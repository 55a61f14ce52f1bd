import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import type { Observation } from '../../../lib/probe/probe.ts'
import type { Service, Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import type { Stack } from '../../../lib/swarm/stack.ts'
import type { Trial } from '../../../lib/swarm/trial.ts'
import { inTask } from '../sending/pair.ts'

/** What the stages work with: a service with a VIP on the clear network, and a task on each node to look from. */
export interface Changing {
  readonly lab: ObserveContext
  readonly trial: Trial
  readonly service: Service
  readonly vip: string
  /** One task a node; at least one. */
  readonly clients: readonly Task[]
}

/** A dead address answers nothing; a task of an emulated host was seen to take seconds. */
const answerMs = 4_000

/** From every client to the VIP, fresh connections one after another. */
export function connect({ lab, clients, vip }: Changing, repeat: number): Promise<readonly Observation[]> {
  return lab.probe.send(
    clients.map((client) => ({
      ...{ kind: 'tcp', from: inTask(client), to: vip, port: 80 },
      ...{ request: httpGet(pagePath(lab.stack)), timeoutMs: answerMs, repeat },
    })),
  )
}

/** A task of `rr` on every node that has one: on the clear network, and not among those whose service is asked. */
export function clientsOn({ tasks, services }: Pick<Stack, 'tasks' | 'services'>): Task[] {
  return tasks
    .filter((task) => task.service === services.rr.name)
    .filter((task, index, all) => all.findIndex(({ node }) => node === task.node) === index)
}
