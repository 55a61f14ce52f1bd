import type { TestContext } from '../../lib/conformance/context.ts'
import type { Service, Task } from '../../lib/swarm/cluster.ts'
import type { Trial } from '../../lib/swarm/trial.ts'
import { attempt } from './attempt.ts'
import { type CrashStage, crash } from './crash-stage.ts'
import { type ScaleStage, scale } from './scale-stage.ts'
import { type UpdateStage, update } from './update-stage.ts'

/** What the stages work with: a service with a VIP on the clear network, and a task on each node to look from. */
export interface Changing {
  readonly context: Omit<TestContext, 'evidence'>
  readonly trial: Trial
  readonly service: Service
  readonly vip: string
  /** One task a node. */
  readonly clients: readonly Task[]
}

/** One service of a trial, changed in three ways, one after another. A stage that threw throws again for who asks. */
export interface ChangingService {
  readonly scaled: () => readonly ScaleStage[]
  readonly crashed: () => CrashStage
  readonly updated: () => UpdateStage
}

const replicas = 2

/** For whoever asks first waits for all three stages, each of which has bounds of its own. */
export const changingLimitMs = 360_000

/** Done once per run: creating a service and waiting for its tasks is most of the time it takes. */
export function changingService(context: TestContext): Promise<ChangingService> {
  return context.once('changing-service', go)
}

async function go(context: Changing['context']): Promise<ChangingService> {
  const { stack } = context
  const { clear } = stack.networks
  await using trial = context.trial('change')
  const service = await trial.service('it', ['--network', clear.name, `--replicas=${replicas}`])
  const vip = service.vips[clear.id]
  if (vip === undefined) throw new Error(`${service.name} has no VIP on ${clear.name}`)
  const clients = stack.tasks
    .filter((task) => task.service === stack.services.rr.name)
    .filter((task, index, all) => all.findIndex(({ node }) => node === task.node) === index)
  const changing: Changing = { context, trial, service, vip, clients }
  await trial.running([service], replicas)
  const scaled = await attempt(async () => {
    const up = await scale(changing, replicas + 1)
    return [up, await scale(changing, replicas)]
  })
  const crashed = await attempt(() => crash(changing, replicas))
  const updated = await attempt(() => update(changing, replicas))
  return { scaled, crashed, updated }
}
