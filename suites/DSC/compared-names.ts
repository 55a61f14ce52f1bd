import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { dnsQuery } from '../../lib/probe/dns.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { inTask, onNode } from '../scene/sending/pair.ts'
import type { Place } from './place.ts'

/** Asked besides the host's search domains: reserved for documentation (RFC 6761), and known to public DNS. */
const publicName = 'example.com'

/** A name that a task asked its resolver for, or its host one of its nameservers. */
export type NameAsked = Sent<{
  readonly node: string
  readonly name: string
  readonly by: 'task' | 'host'
}>

/** The same names asked of the host's nameservers and of the task's resolver. */
export async function askBoth({ probe }: ObserveContext, places: readonly Place[]): Promise<NameAsked[]> {
  const plan = places.flatMap(({ node, task, resolver }) =>
    [...new Set([...resolver.searchDomains, publicName])].flatMap((name) => [
      { node: node.host.name, name, by: 'task' as const, request: dnsQuery(inTask(task), name) },
      ...resolver.nameservers.map((server) => ({
        ...{ node: node.host.name, name, by: 'host' as const },
        request: dnsQuery(onNode(node), name, 'A', server),
      })),
    ]),
  )
  return sendPlan(probe, plan, { concurrency: 32 })
}

export interface NameCompared {
  readonly node: string
  readonly task: string
  readonly name: string
  readonly onHost: readonly string[]
  readonly inTask: readonly string[]
  readonly taskSaid: string
}

export function compareNames(asked: readonly NameAsked[]): NameCompared[] {
  return [...groupBy(asked, ({ node, name }) => `${node} ${name}`).values()].flatMap((same) => {
    const own = same.find(({ by }) => by === 'task')
    if (own === undefined) return []
    const { node, name, probe } = own
    const onHost = same.flatMap((one) => (one.by === 'host' ? (one.probe.dns?.addresses ?? []) : []))
    return [
      {
        ...{ node, name, task: probe.from, onHost: [...new Set(onHost)] },
        ...{ inTask: probe.dns?.addresses ?? [], taskSaid: probe.dns?.rcode ?? probe.outcome },
      },
    ]
  })
}

/** Names that the host's nameservers give an address and the task's resolver none. */
export function inheritanceProblems(compared: readonly NameCompared[]): Problem[] {
  return compared
    .filter(({ onHost, inTask: found }) => onHost.length > 0 && found.length === 0)
    .map(({ node, task, name, onHost, taskSaid }) => ({
      ...{ code: 'name-not-inherited', kind: 'missed', node, ends: { from: task, to: name }, subject: name },
      ...{ expected: onHost.join(', '), observed: taskSaid },
    }))
}
