import { interfaceName } from '../identifier.ts'
import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { requireForFault } from './scripted.ts'
import { shell } from '../change/shell.ts'

export const addressHeldTwice: Fault = {
  name: 'address-held-twice',
  description: 'A task’s interface also has the address of a task on another host',
  breaks: ['ADR-03'],
  namedBy: { code: 'endpoint-addresses', at: 'pairs' },
  async plant({ stack }) {
    const { clear } = stack.networks
    const task = requireForFault(tasksOn(stack, 'clear').at(-1), 'a task on the clear network')
    const other = requireForFault(
      tasksOn(stack, 'clear').find(({ node }) => node !== task.node),
      'a task of the clear network on another host',
    )
    const [own, taken] = [
      requireForFault(task.endpoints[clear.name], 'an endpoint'),
      requireForFault(other.endpoints[clear.name], 'an endpoint'),
    ]
    const inside = sh`nsenter -t ${task.pid} -n`
    const found = await shell(task.node.host, sh`${inside} ip -o link | grep -i ${own.mac}`)
    const link = interfaceName(/^\d+: ([^@:]+)/.exec(found)?.[1] ?? 'eth0', task.node.host.name)
    const change = (verb: 'add' | 'del') =>
      sh`${inside} ip address ${verb} ${taken.address}/${taken.prefixLength} dev ${link}`
    await shell(task.node.host, change('add'))
    return {
      host: task.node.host.name,
      remove: async () => void (await shell(task.node.host, change('del'))),
    }
  },
}
