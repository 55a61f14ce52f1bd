import { overlayNamespace } from '../swarm/namespaces.ts'
import { tasksOn } from '../swarm/stack.ts'
import { inNamespace, must, scripted, victim } from './scripted.ts'
import { shell } from './shell.ts'
import type { Fault } from './fault.ts'

export const taskInterfaceMtu: Fault = {
  name: 'task-interface-mtu',
  description: 'The overlay interface of one task has a smaller MTU than its network.',
  breaks: ['MTU-01', 'MTU-02', 'MTU-06'],
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const task = must(
      tasksOn(stack, 'clear').find((candidate) => candidate.node === node),
      'a task',
    )
    const { address } = must(task.endpoints[stack.networks.clear.name], 'an endpoint')
    const ip = `nsenter --net=/proc/${task.pid}/ns/net ip`
    const device =
      (await shell(node.host, `${ip} -o -4 addr show to ${address}`)).trim().split(/\s+/)[1] ?? ''
    const mtu = / mtu (\d+)/.exec(await shell(node.host, `${ip} -o link show ${device}`))?.[1]
    return scripted(node, {
      plant: `${ip} link set ${device} mtu 1400`,
      remove: `${ip} link set ${device} mtu ${must(mtu, 'an MTU')}`,
    })
  },
}

export const vxlanDeviceMtu: Fault = {
  name: 'vxlan-device-mtu',
  description: 'The VXLAN device of the clear network has a smaller MTU on one node.',
  breaks: ['MTU-01', 'MTU-02'],
  async plant({ cluster, stack }) {
    const namespace = overlayNamespace(stack.networks.clear.id)
    const set = (mtu: number): string => inNamespace(namespace, `ip link set vxlan0 mtu ${mtu}`)
    // The bridge follows its smallest port, and follows it up again.
    return scripted(victim(cluster), { plant: set(1300), remove: set(1450) })
  },
}

export const underlayMtu: Fault = {
  name: 'underlay-mtu',
  description: 'The underlay interface of one node carries less than the overlays were made for.',
  breaks: ['MTU-01', 'MTU-04'],
  async plant({ cluster }) {
    const node = victim(cluster)
    const set = (mtu: number): string => `ip link set ${node.dataPath.interface} mtu ${mtu}`
    // Tasks remember the smaller path MTU for minutes.
    const forget = 'for n in /run/docker/netns/*; do nsenter --net=$n ip route flush cache || true; done'
    return scripted(node, { plant: set(1400), remove: `${set(1500)}\n${forget}` })
  },
}

export const largePacketsDropped: Fault = {
  name: 'large-packets-dropped',
  description: 'Large packets to the data-path port are dropped on their way out of one node.',
  breaks: ['MTU-02', 'MTU-03', 'ING-12'],
  async plant({ cluster, stack }) {
    const rule = `POSTROUTING -p udp --dport ${cluster.dataPathPort} -m length --length 1300:65535 -j DROP`
    const { web } = stack.services
    const serving = must(
      stack.tasks.findLast(({ service }) => service === web.name),
      'a task of web',
    )
    return scripted(serving.node, {
      plant: `iptables -w -t mangle -I ${rule}`,
      remove: `iptables -w -t mangle -D ${rule}`,
    })
  },
}
