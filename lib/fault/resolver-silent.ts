import { tasksOn } from '../swarm/stack.ts'
import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'

export const resolverSilent: Fault = {
  name: 'resolver-silent',
  description: 'The engine’s resolver does not answer one task',
  breaks: ['DSC-01', 'DSC-02', 'DSC-03'],
  namedBy: { code: 'namespace-firewall-drops', at: 'host' },
  async plant({ stack }) {
    const task = tasksOn(stack, 'clear').at(-1)
    if (task === undefined) throw new Error('no task runs on the clear network')
    const rule = sh`-p udp -s 127.0.0.11 -j DROP`
    const remove = await plantRules(task.node.host, [{ chain: 'OUTPUT', rule }], `/proc/${task.pid}/ns/net`)
    return { host: task.node.host.name, remove }
  },
}
