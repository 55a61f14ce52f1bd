import { scene } from '../../../lib/conformance/scene.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { dnsQuery } from '../../../lib/probe/dns.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../../lib/swarm/stack.ts'
import { inTask } from '../sending/pair.ts'
import { homesOf, tasksAt } from '../sending/counted.ts'

/** A name that one task, told by its id, asked its resolver for. */
export type Lookup = Sent<{ readonly from: string; readonly name: string }>

/** The virtual IP of `web` tried by one task a node, told by its id. */
export type VipTried = Sent<{ readonly from: string; readonly protocol: 'icmp' | 'tcp' }>

export interface Discovery {
  readonly lookups: readonly Lookup[]
  /** Empty where the service has no virtual IP. */
  readonly vip: readonly VipTried[]
}

/** Every task of the clear network resolves its services’ names, and tries the virtual IP. */
export const discovery = scene('discovery', ask, {
  probes(lab) {
    const tasks = tasksAt(lab, 'clear')
    return namesAsked * tasks.length + 2 * homesOf(tasks)
  },
})

/** Of services by each task: `web`, `rr`, the tasks of both, and `both`. */
const namesAsked = 5

/** Answers to one name, by the task that asked. */
export function lookupsOf({ lookups }: Discovery, name: string): readonly Lookup[] {
  return lookups.filter((lookup) => lookup.name === name)
}

async function ask({ cluster, stack, probe }: ObserveContext): Promise<Discovery> {
  const { web, rr, both } = stack.services
  const tasks = tasksOn(stack, 'clear')
  const names = [web.name, `tasks.${web.name}`, rr.name, `tasks.${rr.name}`, both.name]
  const questions = tasks.flatMap((from) =>
    names.map((name) => ({ from: from.id, name, request: dnsQuery(inTask(from), name) })),
  )
  const vip = web.vips[stack.networks.clear.id]
  const callers = cluster.nodes.flatMap((node) => {
    const here = tasks.filter((task) => task.node === node)
    return here.find((task) => task.service !== web.name) ?? here[0] ?? []
  })
  const tries = callers.flatMap((task): Planned<Omit<VipTried, 'probe'>>[] => {
    if (vip === undefined || vip === '') return []
    const common = { from: inTask(task), to: vip }
    return [
      { from: task.id, protocol: 'icmp', request: { ...common, kind: 'icmp', packetBytes: 84 } },
      {
        ...{ from: task.id, protocol: 'tcp' },
        request: { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)) },
      },
    ]
  })
  const sent = await sendPlan<object>(probe, [...questions, ...tries])
  return {
    lookups: sent.slice(0, questions.length) as Lookup[],
    vip: sent.slice(questions.length) as VipTried[],
  }
}
