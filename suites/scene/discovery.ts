import type { TestContext } from '../../lib/conformance/context.ts'
import { type DnsAnswer, dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation, ProbeRequest } from '../../lib/probe/probe.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { inTask } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>

/** A name as one task sees it. */
export interface Lookup {
  readonly from: Task
  readonly name: string
  readonly observation: Observation
  /** Undefined if no answer came. */
  readonly answer: DnsAnswer | undefined
}

/** The virtual IP as a task on one node sees it. */
export interface VipAnswer {
  readonly from: Task
  readonly address: string
  readonly icmp: Observation
  readonly tcp: Observation
}

export interface Discovery {
  readonly lookups: readonly Lookup[]
  /** Of the service `web`, from one task a node. */
  readonly vip: readonly VipAnswer[]
}

/** Asked once per run: every task of the clear network resolves its services’ names, and tries the virtual IP. */
export function discovery(context: TestContext): Promise<Discovery> {
  return context.once('discovery', ask)
}

/** Answers to one name, by the task that asked. */
export function lookupsOf({ lookups }: Discovery, name: string): readonly Lookup[] {
  return lookups.filter((lookup) => lookup.name === name)
}

async function ask({ cluster, stack, probe }: Shared): Promise<Discovery> {
  const { web, rr, both } = stack.services
  const tasks = tasksOn(stack, 'clear')
  const names = [web.name, `tasks.${web.name}`, rr.name, `tasks.${rr.name}`, both.name]
  const queries = tasks.flatMap((from) =>
    names.map((name) => ({ from, name, request: dnsQuery(inTask(from), name) })),
  )
  const address = web.vips[stack.networks.clear.id] ?? ''
  const callers = cluster.nodes.flatMap((node) => {
    const here = tasks.filter((task) => task.node === node)
    return here.find((task) => task.service !== web.name) ?? here[0] ?? []
  })
  const tries =
    address === '' ? [] : callers.map((from) => ({ from, address, ...attempts(stack, from, address) }))
  const requests: ProbeRequest[] = [
    ...queries.map(({ request }) => request),
    ...tries.map(({ icmp }) => icmp),
    ...tries.map(({ tcp }) => tcp),
  ]
  const observations = await probe.send(requests)
  const observed = new Map(requests.map((request, index) => [request, observations[index] as Observation]))
  const of = (request: ProbeRequest): Observation => observed.get(request) as Observation
  return {
    lookups: queries.map(({ from, name, request }) => ({
      from,
      name,
      observation: of(request),
      answer: dnsAnswer(of(request)),
    })),
    vip: tries.map(({ from, icmp, tcp }) => ({ from, address, icmp: of(icmp), tcp: of(tcp) })),
  }
}

function attempts(stack: Stack, task: Task, to: string): { icmp: ProbeRequest; tcp: ProbeRequest } {
  const common = { from: inTask(task), to }
  return {
    icmp: { ...common, kind: 'icmp', packetBytes: 84 },
    tcp: { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)) },
  }
}
