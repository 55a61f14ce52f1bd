import { loadBalancerNamespace } from '../swarm/namespaces.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'
import { inNamespace, requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'

export const idleConnectionsForgotten: Fault = {
  name: 'idle-connections-forgotten',
  description: 'The balancer of one node forgets connections that were idle for ten seconds.',
  breaks: ['LB-05'],
  namedBy: { code: 'balancer-settings-differ', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const ipvsadm = (...words: string[]): Script =>
      inNamespace(loadBalancerNamespace(stack.networks.clear.id), sh`ipvsadm ${words}`)
    const told = await shell(node.host, ipvsadm('-L', '--timeout'))
    const before = requireForFault(/: (\d+ \d+ \d+)/.exec(told)?.[1]?.split(' '), 'time-outs of IPVS')
    return scripted(node, { plant: ipvsadm('--set', '10', '0', '0'), remove: ipvsadm('--set', ...before) })
  },
}
