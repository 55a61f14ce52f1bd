import { tasksOn } from '../swarm/stack.ts'
import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { requireForFault, victim } from './scripted.ts'

export const unpublishedTaskSilent: Fault = {
  name: 'unpublished-task-silent',
  description: 'A task of a service that publishes nothing no longer answers pings.',
  breaks: ['ING-11'],
  namedBy: { code: 'namespace-firewall-drops', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const task = requireForFault(
      tasksOn(stack, 'secret').find((candidate) => candidate.node === node),
      'a task of the encrypted network',
    )
    const rules = [{ chain: 'INPUT', rule: sh`-p icmp -j DROP` }]
    const remove = await plantRules(node.host, rules, `/proc/${task.pid}/ns/net`)
    return { host: node.host.name, remove }
  },
}
