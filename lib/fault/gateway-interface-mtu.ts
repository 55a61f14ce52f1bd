import { interfaceName } from '../identifier.ts'
import { requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'
import { mtuOf } from './size-faults.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'

export const gatewayInterfaceMtu: Fault = {
  name: 'gateway-interface-mtu',
  description: 'The interface of one task on docker_gwbridge has another MTU than the bridge was made with.',
  breaks: ['GWB-04'],
  namedBy: { code: 'interface-mtu-set', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const task = requireForFault(
      stack.tasks.find((candidate) => candidate.node === node),
      'a task',
    )
    const ip = sh`nsenter --net=/proc/${task.pid}/ns/net ip`
    // What leaves the overlays leaves by docker_gwbridge.
    const route = await shell(node.host, sh`${ip} -4 route show default`)
    const device = interfaceName(
      requireForFault(/ dev (\S+)/.exec(route)?.[1], 'a default route'),
      node.host.name,
    )
    const was = await mtuOf(node, ip, device)
    const set = (mtu: number): Script => sh`${ip} link set ${device} mtu ${mtu}`
    return scripted(node, { plant: set(was - 100), remove: set(was) })
  },
}
