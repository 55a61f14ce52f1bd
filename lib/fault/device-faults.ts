import { interfaceName, mtu } from '../identifier.ts'
import { overlayNamespaceOn } from './overlay-namespace.ts'
import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'
import { inNamespace, requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

export const endpointOffBridge: Fault = {
  name: 'endpoint-off-bridge',
  description: 'The host’s end of one task’s interface is not on the bridge of its network.',
  breaks: ['VXL-05'],
  namedBy: { code: 'overlay-bridge-incomplete', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { clear } = stack.networks
    const namespace = await overlayNamespaceOn(node, clear.id)
    requireForFault(
      tasksOn(stack, 'clear').find((task) => task.node === node),
      'a task',
    )
    const list = await shell(node.host, inNamespace(namespace, sh`ip -o link show type veth`))
    const [device = '', bridge = ''] = requireForFault(
      /^\d+: ([^@:]+)@?.* master (\S+)/m.exec(list)?.slice(1),
      'an interface on the bridge',
    ).map((name) => interfaceName(name, node.host.name))
    return scripted(node, {
      plant: inNamespace(namespace, sh`ip link set ${device} nomaster`),
      remove: inNamespace(namespace, sh`ip link set ${device} master ${bridge}`),
    })
  },
}

export const gatewayBridgeTooLarge: Fault = {
  name: 'gateway-bridge-too-large',
  description: 'docker_gwbridge of one node takes larger packets than the uplink carries.',
  breaks: ['MTU-05'],
  namedBy: { code: 'gateway-bridge-mtu-too-large', at: 'host' },
  async plant({ cluster }) {
    const node = victim(cluster)
    const show = sh`ip -o link show ${gatewayBridgeName}`
    const stated = / mtu (\d+)/.exec(await shell(node.host, show))?.[1]
    const set = (bytes: number): Script => sh`ip link set ${gatewayBridgeName} mtu ${bytes}`
    const before = mtu(requireForFault(stated, 'an MTU'), node.host.name)
    return scripted(node, { plant: set(before + 500), remove: set(before) })
  },
}
