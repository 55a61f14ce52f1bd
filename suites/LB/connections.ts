import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { responderNonce } from '../../lib/probe/nonce.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { clientsOn } from '../scene/experiments/changing.ts'
import { connectionsForShares } from '../scene/judging/chance.ts'
import { inTask } from '../scene/sending/pair.ts'
import { requestLines } from './one-connection.ts'

/** Connections over which several requests go, per task. */
const longConnectionsPerTask = 2
/** Nothing else listens there. */
const linePort = 7010

/** Connections that one client makes. */
export function connectionsByClient(tasks: number, isRandom: boolean): number {
  return connectionsForShares(tasks, isRandom) + longConnectionsPerTask * tasks
}

/** All connections of one client, told by the id of its task. */
export type Connections = Sent<{ readonly client: string }>

export interface ConnectionsByVip {
  /** One request over each. */
  readonly fresh: readonly Connections[]
  /** Several requests over each. */
  readonly kept: readonly Connections[]
}

/** From one task on every node connections to the virtual IP of `web`; none where it has no virtual IP or no task. */
export async function connectByVip(
  { stack, probe }: ObserveContext,
  isRandom: boolean,
): Promise<ConnectionsByVip> {
  const { web } = stack.services
  const vip = web.vips[stack.networks.clear.id]
  const tasks = stack.tasks.filter((task) => task.service === web.name)
  if (vip === undefined || tasks.length === 0) return { fresh: [], kept: [] }
  const clients = clientsOn(stack)
  const fresh = await sendPlan(
    probe,
    clients.map((client) => ({
      client: client.id,
      request: {
        ...{ kind: 'tcp', from: inTask(client), to: vip, port: 80, request: httpGet(pagePath(stack)) },
        repeat: connectionsForShares(tasks.length, isRandom),
      },
    })),
  )
  const nonce = responderNonce()
  const kept = await sendPlan(
    probe,
    clients.map((client) => ({
      client: client.id,
      request: {
        ...{ kind: 'tcp', from: inTask(client), to: vip, port: linePort, request: requestLines(nonce) },
        ...{ repeat: longConnectionsPerTask * tasks.length, timeoutMs: 15_000 },
      },
    })),
    { responders: tasks.map((task) => ({ at: inTask(task), port: linePort, nonce, says: task.hostname })) },
  )
  return { fresh, kept }
}
