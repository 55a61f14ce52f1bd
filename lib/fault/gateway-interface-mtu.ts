import { must, scripted, victim } from './scripted.ts'
import { shell } from './shell.ts'
import type { Fault } from './fault.ts'

export const gatewayInterfaceMtu: Fault = {
  name: 'gateway-interface-mtu',
  description: 'The interface of one task on docker_gwbridge has another MTU than the bridge was made with.',
  breaks: ['GWB-04'],
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const task = must(
      stack.tasks.find((candidate) => candidate.node === node && candidate.endpoints.docker_gwbridge),
      'a task on docker_gwbridge',
    )
    const { address } = must(task.endpoints.docker_gwbridge, 'an endpoint')
    const ip = `nsenter --net=/proc/${task.pid}/ns/net ip`
    const found = await shell(node.host, `${ip} -o -4 addr show to ${address}`)
    const device = must(found.trim().split(/\s+/)[1], 'an interface')
    const mtu = / mtu (\d+)/.exec(await shell(node.host, `${ip} -o link show ${device}`))?.[1]
    return scripted(node, {
      plant: `${ip} link set ${device} mtu 1300`,
      remove: `${ip} link set ${device} mtu ${must(mtu, 'an MTU')}`,
    })
  },
}
