import { setTimeout as delay } from 'node:timers/promises'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import type { Part } from '../../lib/observation/part.ts'
import { type IpvsTimers, readIpvsTimers } from '../../lib/observe/read-ipvs-timers.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { loadBalancerNamespace, namespacePath } from '../../lib/swarm/namespaces.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { clientsOn } from '../scene/experiments/changing.ts'
import { inTask } from '../scene/sending/pair.ts'

/** How long a connection is kept idle; the probe's server itself ends one that has asked nothing for 60 s. */
const idleSeconds = Math.min(50, Number(process.env.SWARMPROOF_IDLE_SECONDS ?? 40))
/** Of it, when its entry in the balancer is looked at. */
const looks = [0.25, 0.75]

export interface IdleConnections {
  readonly idleSeconds: number
  readonly connections: readonly Sent<{ readonly client: string }>[]
  /** By node of a client: its balancer’s time-outs and connections in each look. */
  readonly timers: Readonly<Record<string, Part<readonly IpvsTimers[]>>>
}

/** From a task on every node a connection that is idle before it asks, and what the node’s balancer keeps of it. */
export async function observeIdle({ stack, probe, signal }: ObserveContext): Promise<IdleConnections> {
  const { clear } = stack.networks
  const vip = stack.services.web.vips[clear.id]
  const clients = vip === undefined ? [] : clientsOn(stack)
  const path = namespacePath(loadBalancerNamespace(clear.id))
  const [connections, ...timers] = await Promise.all([
    sendPlan(
      probe,
      clients.map((client) => ({
        client: client.id,
        request: {
          ...{ kind: 'tcp', from: inTask(client), to: vip ?? '', port: 80, timeoutMs: 15_000 },
          ...{ request: httpGet(pagePath(stack)), idleMs: idleSeconds * 1000 },
        },
      })),
    ),
    ...clients.map(async ({ node: { host } }) => {
      const looked = observePart(() =>
        Promise.all(
          looks.map(async (part) => {
            await delay(part * idleSeconds * 1000, undefined, { signal })
            return readIpvsTimers(host, path)
          }),
        ),
      )
      return [host.name, await looked] as const
    }),
  ])
  return { idleSeconds, connections, timers: Object.fromEntries(timers) }
}
