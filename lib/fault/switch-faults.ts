import { overlayNamespaceOn } from './overlay-namespace.ts'
import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'
import { inNamespace, requireForFault, scripted, victim } from './scripted.ts'

export const hopOffTtl: Fault = {
  name: 'hop-off-ttl',
  description: 'What one task sends has a TTL as though a router stood before it.',
  breaks: ['VXL-02'],
  namedBy: { code: 'ttl-of-task', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const task = requireForFault(
      tasksOn(stack, 'clear').find((candidate) => candidate.node === node),
      'a task on the clear network',
    )
    const set = (ttl: number): Script =>
      sh`nsenter --net=/proc/${task.pid}/ns/net sysctl -qw net.ipv4.ip_default_ttl=${ttl}`
    return scripted(node, { plant: set(63), remove: set(64) })
  },
}

const device = 'swpfault0'

export const vxlanDeviceOnHost: Fault = {
  name: 'vxlan-device-on-host',
  description: 'One node has a VXLAN device with the VNI of a network in its own namespace.',
  breaks: ['VXL-05'],
  namedBy: { code: 'foreign-vxlan-device', at: 'host' },
  plant({ cluster, stack }) {
    const node = victim(cluster)
    // Another port than the engine’s: the kernel takes a VNI once a port.
    const kind = sh`vxlan id ${stack.networks.clear.vni} dstport ${cluster.dataPathPort + 10_000} nolearning`
    return scripted(node, {
      plant: sh`ip link add ${device} type ${kind} dev ${node.dataPath.interface}`,
      remove: sh`ip link del ${device}`,
    })
  },
}

export const bridgeWithoutGateway: Fault = {
  name: 'bridge-without-gateway',
  description: 'The bridge of a network has lost the gateway’s address on one node.',
  breaks: ['VXL-05'],
  namedBy: { code: 'overlay-bridge-incomplete', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { id, gateway, subnet } = stack.networks.clear
    const namespace = await overlayNamespaceOn(node, id)
    const address = `${gateway}/${subnet.split('/')[1] ?? '24'}`
    const change = (verb: 'add' | 'del'): Script =>
      inNamespace(namespace, sh`ip address ${verb} ${address} dev br0`)
    return scripted(node, { plant: change('del'), remove: change('add') })
  },
}
