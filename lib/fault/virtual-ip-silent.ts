import { loadBalancerNamespace, namespacePath } from '../swarm/namespaces.ts'
import { tasksOn } from '../swarm/stack.ts'
import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'

export const virtualIpSilent: Fault = {
  name: 'virtual-ip-silent',
  description: 'The load balancer of one node drops what is sent to the virtual IP',
  breaks: ['DSC-04'],
  namedBy: { code: 'namespace-firewall-drops', at: 'host' },
  async plant({ stack }) {
    const { clear } = stack.networks
    const node = tasksOn(stack, 'clear').at(-1)?.node
    const vip = stack.services.web.vips[clear.id]
    if (node === undefined || vip === undefined) throw new Error('no task or no virtual IP on the network')
    const rule = sh`-d ${vip} -j DROP`
    const remove = await plantRules(
      node.host,
      [{ table: 'mangle', chain: 'PREROUTING', rule }],
      namespacePath(loadBalancerNamespace(clear.id)),
    )
    return { host: node.host.name, remove }
  },
}
