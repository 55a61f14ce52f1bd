import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import { readBalancer } from '../../lib/observe/read-balancer.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { loadBalancerNamespace, namespacePath } from '../../lib/swarm/namespaces.ts'
import { balancerProblems, markOfVip } from './balancer.ts'
import type { Changing } from './changing-service.ts'
import { addressDifferences } from './address-differences.ts'
import { outcomeText } from './outcome.ts'
import { addressOn, inTask, taskLabel } from './pair.ts'

/** A change of the number of tasks, and until when it showed. */
export interface ScaleStage {
  readonly tasks: number
  /** From the update to the manager listing exactly so many running tasks. */
  readonly runningSeconds: number
  /** From there until DNS and IPVS of every node showed them; undefined if they did not within the bound. */
  readonly shownSeconds: number | undefined
  /** What the last look saw otherwise, each with its node. */
  readonly problems: readonly string[]
}

/**
 * What gossip loses is made good when networkdb exchanges its tables whole, every 30 s
 * (libnetwork/networkdb/cluster.go: bulkSyncInterval); usually the change shows within a second.
 */
export const shownWithinMs = 30_000

export async function scale(changing: Changing, count: number): Promise<ScaleStage> {
  const { trial, service, context } = changing
  const updatedAt = performance.now()
  await trial.update(service, [`--replicas=${count}`])
  const tasks = await trial.running([service], count)
  const runningAt = performance.now()
  let problems: string[] = []
  const shown = await eventually(
    { what: 'the change shows', withinMs: shownWithinMs, everyMs: 500, signal: context.signal },
    async () => {
      problems = await differences(changing, tasks)
      return problems.length === 0
        ? { ready: true, value: true }
        : { ready: false, seen: problems.join('; ') }
    },
  ).catch((error: unknown) => {
    if (error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED') return false
    throw error
  })
  return {
    tasks: count,
    runningSeconds: seconds(runningAt - updatedAt),
    shownSeconds: shown ? seconds(performance.now() - runningAt) : undefined,
    problems,
  }
}

/** How DNS and IPVS of the nodes differ from the running tasks, in words. */
async function differences(changing: Changing, tasks: readonly Task[]): Promise<string[]> {
  const { clear } = changing.context.stack.networks
  const backends = tasks.map((task) => ({ name: taskLabel(task), address: addressOn(task, clear) }))
  const [names, balancers] = await Promise.all([
    nameProblems(changing, new Map(backends.map(({ name, address }) => [address, name]))),
    Promise.all(
      changing.clients.map(async ({ node }) => {
        const where = `${node.host.name}, IPVS in ${loadBalancerNamespace(clear.id)}`
        const state = await readBalancer(node.host, namespacePath(loadBalancerNamespace(clear.id)))
        const mark = markOfVip(state?.firewall ?? [], changing.vip)
        if (state === undefined || mark === undefined)
          return [`${where}: nothing marks packets for ${changing.vip}`]
        return balancerProblems(state, mark, backends).map((problem) => `${where}: ${problem}`)
      }),
    ),
  ])
  return [...names, ...balancers.flat()]
}

async function nameProblems(
  { context, clients, service }: Changing,
  expected: ReadonlyMap<string, string>,
): Promise<string[]> {
  const observations = await context.probe.send(
    clients.map((client) => dnsQuery(inTask(client), `tasks.${service.name}`)),
  )
  return observations.flatMap((observation, index) => {
    const where = `${clients[index]?.node.host.name}, DNS`
    const answer = dnsAnswer(observation)
    if (answer === undefined) return [`${where}: ${outcomeText(observation)}`]
    return addressDifferences(answer.addresses, expected).map((what) => `${where}: ${what}`)
  })
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
