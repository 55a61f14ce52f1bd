import { missingModule } from '../missing-module.ts'
import { namedNodes } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** IPVS is wrong on some nodes and right on others: the nodes do not know the same tasks. */
export const ipvsDiffersByNode: Rule = (run) => {
  const failed = ['LB-02', 'ING-05'].filter((id) => run.failed(id))
  if (failed.length === 0) return undefined
  if (missingModule(run, 'ip_vs', ['LB-02', 'LB-01', 'ING-05', 'ING-01', 'DSC-04']) !== undefined)
    return undefined
  const nodes = run.nodeNames.filter((name) =>
    failed.some((id) => namedNodes(run.reason(id), run.nodeNames).includes(name)),
  )
  const some = nodes.length > 0 && nodes.length < run.nodeNames.length
  const lists = failed.some((id) => /destination|real server|IPVS|backend/i.test(run.reason(id)))
  if (!some || !lists) return undefined
  return finding({
    title: `IPVS on ${nodes.join(' and ')} does not list the running tasks, on the other nodes it does`,
    cause:
      'Every node fills IPVS by itself from the gossip of its peers. Lists that differ by node mean that this node missed an update: connections through it reach tasks that are gone or miss some that run, and fail now and then, depending on where they enter.',
    remedy: [
      'Let the engine write the entries anew: `docker service update --force SERVICE`',
      'If that does not help, drain the node, restart its engine and activate it: `docker node update --availability drain NODE`',
      'See whether gossip is whole (CTL-03, CTL-10): lost datagrams on 7946/udp bring it back',
    ],
    requirements: run.failedAmong('LB-01', 'LB-02', 'ING-02', 'ING-05'),
    hosts: nodes,
    knownIssues: ['moby/moby#30464', 'moby/moby#28564'],
  })
}
