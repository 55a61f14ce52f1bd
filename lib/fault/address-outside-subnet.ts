import { interfaceName } from '../identifier.ts'
import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { shell } from '../change/shell.ts'

export const addressOutsideSubnet: Fault = {
  name: 'address-outside-subnet',
  description: 'A task’s overlay interface has an address outside the network’s subnet',
  breaks: ['OVL-04', 'OVL-07'],
  namedBy: { code: 'endpoint-addresses', at: 'host' },
  async plant({ stack }) {
    const task = tasksOn(stack, 'clear').at(-1)
    const mac = task?.endpoints[stack.networks.clear.name]?.mac
    if (task === undefined || mac === undefined) throw new Error('no task runs on the clear network')
    const inside = sh`nsenter -t ${task.pid} -n`
    const found = await shell(task.node.host, sh`${inside} ip -o link | grep -i ${mac}`)
    const link = interfaceName(/^\d+: ([^@:]+)/.exec(found)?.[1] ?? 'eth0', task.node.host.name)
    const change = (verb: 'add' | 'del') => sh`${inside} ip address ${verb} 198.51.100.7/24 dev ${link}`
    await shell(task.node.host, change('add'))
    return {
      host: task.node.host.name,
      async remove() {
        await shell(task.node.host, change('del'))
      },
    }
  },
}
