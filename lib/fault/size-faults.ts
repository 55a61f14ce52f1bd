import { interfaceName, mtu } from '../identifier.ts'
import { overlayNamespaceOn } from './overlay-namespace.ts'
import type { ClusterNode } from '../swarm/cluster.ts'
import { tasksOn } from '../swarm/stack.ts'
import { inNamespace, requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'
import type { Fault } from './fault.ts'
import { type Script, scriptLines, sh } from '../script.ts'

/** MTU of a device now; `ip` is the command, with how to enter a namespace before it. */
export async function mtuOf(node: ClusterNode, ip: Script, device: string): Promise<number> {
  const line = await shell(node.host, sh`${ip} -o link show ${device}`)
  return mtu(requireForFault(/ mtu (\d+)/.exec(line)?.[1], `an MTU of ${device}`), node.host.name)
}

export const taskInterfaceMtu: Fault = {
  name: 'task-interface-mtu',
  description: 'The overlay interface of one task has a smaller MTU than its network.',
  breaks: ['MTU-01', 'MTU-02', 'MTU-06'],
  namedBy: { code: 'interface-mtu-set', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const task = requireForFault(
      tasksOn(stack, 'clear').find((candidate) => candidate.node === node),
      'a task',
    )
    const { address } = requireForFault(task.endpoints[stack.networks.clear.name], 'an endpoint')
    const ip = sh`nsenter --net=/proc/${task.pid}/ns/net ip`
    const [, found] = (await shell(node.host, sh`${ip} -o -4 addr show to ${address}`)).trim().split(/\s+/)
    const device = interfaceName(found, node.host.name)
    const was = await mtuOf(node, ip, device)
    const set = (bytes: number): Script => sh`${ip} link set ${device} mtu ${bytes}`
    return scripted(node, { plant: set(was - 50), remove: set(was) })
  },
}

export const vxlanDeviceMtu: Fault = {
  name: 'vxlan-device-mtu',
  description: 'The VXLAN device of the clear network has a smaller MTU on one node.',
  breaks: ['MTU-01', 'MTU-02'],
  namedBy: { code: 'interface-mtu-set', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const ip = inNamespace(await overlayNamespaceOn(node, stack.networks.clear.id), sh`ip`)
    const was = await mtuOf(node, ip, 'vxlan0')
    const set = (bytes: number): Script => sh`${ip} link set vxlan0 mtu ${bytes}`
    // The bridge follows its smallest port, and follows it up again.
    return scripted(node, { plant: set(was - 150), remove: set(was) })
  },
}

export const underlayMtu: Fault = {
  name: 'underlay-mtu',
  description: 'The underlay interface of one node carries less than the overlays were made for.',
  breaks: ['MTU-01', 'MTU-04'],
  namedBy: { code: 'underlay-mtu-too-small', at: 'host' },
  async plant({ cluster }) {
    const node = victim(cluster)
    const was = await mtuOf(node, sh`ip`, node.dataPath.interface)
    const set = (bytes: number): Script => sh`ip link set ${node.dataPath.interface} mtu ${bytes}`
    // Tasks remember the smaller path MTU for minutes.
    const forget = sh`for n in /run/docker/netns/*; do nsenter --net="$n" ip route flush cache || true; done`
    return scripted(node, { plant: set(was - 100), remove: scriptLines([set(was), forget]) })
  },
}

export const largePacketsDropped: Fault = {
  name: 'large-packets-dropped',
  description: 'Large packets to the data-path port are dropped on their way out of one node.',
  breaks: ['MTU-02', 'MTU-03', 'ING-12'],
  namedBy: { code: 'outgoing-dropped', at: 'host' },
  async plant({ cluster, stack }) {
    const rule = sh`POSTROUTING -p udp --dport ${cluster.dataPathPort} -m length --length 1300:65535 -j DROP`
    const { web } = stack.services
    const serving = requireForFault(
      stack.tasks.findLast(({ service }) => service === web.name),
      'a task of web',
    )
    return scripted(serving.node, {
      plant: sh`iptables -w -t mangle -I ${rule}`,
      remove: sh`iptables -w -t mangle -D ${rule}`,
    })
  },
}
