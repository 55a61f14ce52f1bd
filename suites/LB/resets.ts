import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { clientsOn } from '../scene/experiments/changing.ts'
import { addressOn, inTask } from '../scene/sending/pair.ts'

/** Of each client and way, one after another: enough for a balancer that resets a share of them, few enough for others. */
export const connectionsEach = 6
const timeoutMs = 20_000

interface Downloading {
  /** Id of the task that downloads. */
  readonly client: string
  /** By the virtual IP of the service, or straight from a task of it on another node. */
  readonly by: 'vip' | 'task'
}

export type SustainedDownload = Sent<Downloading>

export interface Sustained {
  readonly downloads: readonly SustainedDownload[]
}

/** A task on every node downloads the large file again and again, by VIP and straight from a task. */
export async function downloadSustained({ stack, probe }: ObserveContext): Promise<Sustained> {
  const { clear } = stack.networks
  const { web } = stack.services
  const vip = web.vips[clear.id]
  const servers = tasksOn(stack, 'clear').filter(({ service }) => service === web.name)
  const plan = (vip === undefined ? [] : clientsOn(stack)).flatMap((client): Planned<Downloading>[] => {
    const server = servers.find(({ node }) => node !== client.node) ?? servers[0]
    const common = {
      ...{ kind: 'tcp' as const, from: inTask(client), port: 80, repeat: connectionsEach, timeoutMs },
      request: httpGet(pagePath(stack, 'bulk')),
    }
    return [
      { client: client.id, by: 'vip', request: { ...common, to: vip ?? '' } },
      ...(server === undefined
        ? []
        : [{ client: client.id, by: 'task' as const, request: { ...common, to: addressOn(server, clear) } }]),
    ]
  })
  return { downloads: plan.length === 0 ? [] : await sendPlan(probe, plan) }
}

/** Connections that were made and then cut off by the other end, or something that spoke for it. */
export function resetsOf({ attempts }: Pick<ProbeSeen, 'attempts'>): number {
  return attempts.filter(({ errno }) => errno === 'ECONNRESET').length
}
