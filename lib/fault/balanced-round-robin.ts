import { packetMark } from '../identifier.ts'
import { loadBalancerNamespace, namespacePath } from '../swarm/namespaces.ts'
import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { shell } from '../change/shell.ts'

export const balancedRoundRobin: Fault = {
  name: 'balanced-round-robin',
  description: 'IPVS on one node balances to a task of the service that has no virtual IP',
  breaks: ['DSC-03'],
  namedBy: { code: 'ipvs-differs-by-node', at: 'host' },
  async plant({ stack }) {
    const { clear } = stack.networks
    const task = tasksOn(stack, 'clear').findLast(({ service }) => service === stack.services.rr.name)
    const address = task?.endpoints[clear.name]?.address
    if (task === undefined || address === undefined) throw new Error('no task of the service runs')
    const inside = sh`nsenter --net=${namespacePath(loadBalancerNamespace(clear.id))} ipvsadm`
    const [mark] = /(?<=FWM\s+)\d+/.exec(await shell(task.node.host, sh`${inside} -ln`)) ?? []
    if (mark === undefined) throw new Error(`${task.node.host.name} has no IPVS service`)
    await shell(task.node.host, sh`${inside} -a -f ${packetMark(mark)} -r ${address}:0 -m -w 1`)
    return {
      host: task.node.host.name,
      async remove() {
        await shell(task.node.host, sh`${inside} -d -f ${packetMark(mark)} -r ${address}:0`)
      },
    }
  },
}
