import { cidrBlock, interfaceName } from '../identifier.ts'
import { ingressNamespace, loadBalancerNamespace } from '../swarm/namespaces.ts'
import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'
import { portWayOn, withoutPlacedRule } from './port-way.ts'
import { inNamespace, requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'
import { mtuOf } from './size-faults.ts'

export const gatewayTaken: Fault = {
  name: 'gateway-taken',
  description: 'A task’s interface also has the address of its network’s gateway.',
  breaks: ['OVL-05'],
  namedBy: { code: 'endpoint-addresses', at: 'host' },
  async plant({ stack }) {
    const { auto } = stack.networks
    const task = requireForFault(
      tasksOn(stack, 'auto').at(-1),
      'a task on the network without a subnet of its own',
    )
    const inside = sh`nsenter --net=/proc/${task.pid}/ns/net ip`
    const { address } = requireForFault(task.endpoints[auto.name], 'an endpoint')
    const listed = await shell(task.node.host, sh`${inside} -o -4 address show to ${address}`)
    const found = requireForFault(/^\d+: (\S+)/.exec(listed)?.[1], 'an interface with its address')
    const device = interfaceName(found, task.node.host.name)
    const change = (verb: 'add' | 'del'): Script =>
      sh`${inside} address ${verb} ${auto.gateway}/32 dev ${device}`
    return scripted(task.node, { plant: change('add'), remove: change('del') })
  },
}

export const balancerAddressMissing: Fault = {
  name: 'balancer-address-missing',
  description: 'A balancer’s namespace on one node lacks the address its engine lists.',
  breaks: ['OVL-06'],
  namedBy: { code: 'endpoint-addresses', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { id, subnet } = stack.networks.clear
    const namespace = loadBalancerNamespace(id)
    const prefix = subnet.split('/')[1] ?? '24'
    const listed = await shell(node.host, inNamespace(namespace, sh`ip -o -4 address show`))
    const [, name, block] = requireForFault(
      new RegExp(`^\\d+: (\\S+) +inet (\\S+/${prefix}) `, 'm').exec(listed) ?? undefined,
      'a balancer of the clear network',
    )
    const device = interfaceName(name, node.host.name)
    const address = cidrBlock(block, node.host.name)
    const change = (verb: 'add' | 'del'): Script =>
      inNamespace(namespace, sh`ip address ${verb} ${address} dev ${device}`)
    // Aliases, the virtual IPs, would go with their primary address were they of its subnet’s length.
    return scripted(node, { plant: change('del'), remove: change('add') })
  },
}

export const sandboxInterfaceMtu: Fault = {
  name: 'sandbox-interface-mtu',
  description: 'The interface of the ingress sandbox on docker_gwbridge takes more than the uplink carries.',
  breaks: ['MTU-05'],
  namedBy: { code: 'gateway-bridge-mtu-too-large', at: 'host' },
  async plant({ cluster }) {
    const node = victim(cluster)
    const ip = inNamespace(ingressNamespace, sh`ip`)
    // What leaves the mesh leaves by docker_gwbridge.
    const route = await shell(node.host, sh`${ip} -4 route show default`)
    const device = interfaceName(
      requireForFault(/ dev (\S+)/.exec(route)?.[1], 'a default route'),
      node.host.name,
    )
    const was = await mtuOf(node, ip, device)
    const set = (mtu: number): Script => sh`${ip} link set ${device} mtu ${mtu}`
    return scripted(node, { plant: set(was + 500), remove: set(was) })
  },
}

export const ownPortNotMasqueraded: Fault = {
  name: 'own-port-not-masqueraded',
  description: 'One node has lost the rule that masquerades what it sends to the mesh itself.',
  breaks: ['ING-05'],
  namedBy: { code: 'mesh-rule-missing', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const port = requireForFault(stack.services.web.published[0], 'a published port')
    const { masquerading } = await portWayOn(node, port)
    return withoutPlacedRule(node, masquerading, 'a rule that masquerades what it sends to the mesh')
  },
}

export const localDnatMissing: Fault = {
  name: 'local-dnat-missing',
  description: 'A node does not redirect its own connections to a published port into the mesh.',
  breaks: ['ING-01', 'ING-05'],
  namedBy: { code: 'mesh-rule-missing', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const port = requireForFault(stack.services.web.published[0], 'a published port')
    const { fromNode } = await portWayOn(node, port)
    return withoutPlacedRule(node, fromNode?.path[0], 'a rule that leads its own connections to the mesh')
  },
}
