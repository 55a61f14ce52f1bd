import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { observePart } from '../../../lib/conformance/missing.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { Inconclusive } from '../../../lib/inconclusive.ts'
import type { Part } from '../../../lib/observation/part.ts'
import { loadBalancerNamespace } from '../../../lib/swarm/namespaces.ts'
import { type Changing, clientsOn } from './changing.ts'
import { type CrashStage, crash } from './crash-stage.ts'
import { type ScaleStage, scale } from './scale-stage.ts'
import { update, updateProbes, type UpdateStage } from './update-stage.ts'
import { homesOf, tasksAt } from '../sending/counted.ts'
import { connectionsForShares } from '../judging/chance.ts'

/** One service of a trial, changed in three ways, one after another. */
export interface ChangingService {
  readonly service: string
  readonly network: string
  /** In which nodes balance on that network. */
  readonly namespace: string
  readonly vip: string
  /** Ids of the stack’s tasks that looked: one a node. */
  readonly clients: readonly string[]
  readonly scaled: Readonly<Record<'up' | 'down', Part<ScaleStage>>>
  readonly crashed: Part<CrashStage>
  readonly updated: Part<UpdateStage>
}

const replicas = 2
/** One more while it is scaled, one while it is updated, and one that just ended. */
export const changingTasks = replicas + 2

/** For whoever asks first waits for all three stages, each of which has bounds of its own. */
export const changingLimitMs = 540_000

/** Creating a service and waiting for its tasks is most of the time it takes. */
export const changingService = scene('changing-service', record, {
  probes(lab) {
    const clients = homesOf(tasksAt(lab, 'clear'))
    const shares = connectionsForShares(replicas, lab.random)
    return clients * (scalingLooks + crashConnections + shares) + updateProbes(clients)
  },
})

/** Names that each client asks for while the service is scaled, and connections until a new task answers it: as seen. */
const scalingLooks = 4
const crashConnections = 18

async function record(lab: ObserveContext): Promise<ChangingService> {
  const { stack } = lab
  const { clear } = stack.networks
  const clients = clientsOn(stack)
  if (clients.length === 0)
    throw new Inconclusive(`service ${stack.services.rr.name} has no task to look from`)
  await using trial = lab.trial('change')
  const service = await trial.service('it', ['--network', clear.name, `--replicas=${replicas}`])
  const vip = service.vips[clear.id]
  if (vip === undefined) throw new Inconclusive(`${service.name} was given no VIP on ${clear.name}`)
  const changing: Changing = { lab, trial, service, vip, clients }
  await trial.running([service], replicas)
  const up = await observePart(() => scale(changing, replicas + 1))
  const down = await observePart(() => scale(changing, replicas))
  const crashed = await observePart(() => crash(changing, replicas))
  const updated = await observePart(() => update(changing, replicas))
  return {
    ...{ service: service.name, network: clear.name, namespace: loadBalancerNamespace(clear.id), vip },
    clients: clients.map(({ id }) => id),
    ...{ scaled: { up, down }, crashed, updated },
  }
}
