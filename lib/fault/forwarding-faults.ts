import { overlayNamespaceOn } from './overlay-namespace.ts'
import { type Stack, tasksOn } from '../swarm/stack.ts'
import type { Cluster, Endpoint, Task } from '../swarm/cluster.ts'
import { bystander, inNamespace, requireForFault, scripted, untilForgotten, victim } from './scripted.ts'
import type { Fault } from './fault.ts'
import { scriptLines, sh } from '../script.ts'

/** An endpoint of the clear network on the bystander, whose way the victim must know. */
async function remoteEndpoint(
  cluster: Cluster,
  stack: Stack,
): Promise<{ task: Task; endpoint: Endpoint; namespace: string }> {
  const { clear } = stack.networks
  const task = requireForFault(
    tasksOn(stack, 'clear').find(({ node }) => node === bystander(cluster)),
    'a remote task',
  )
  const endpoint = requireForFault(task.endpoints[clear.name], 'an endpoint')
  return { task, endpoint, namespace: await overlayNamespaceOn(victim(cluster), clear.id) }
}

export const forwardingEntryMissing: Fault = {
  name: 'forwarding-entry-missing',
  description: 'One node has lost the forwarding entry of a task on another.',
  breaks: ['VXL-06'],
  namedBy: { code: 'stale-forwarding', at: 'host' },
  async plant({ cluster, stack }) {
    const { task, endpoint, namespace } = await remoteEndpoint(cluster, stack)
    const entry = sh`${endpoint.mac} dev vxlan0 dst ${task.node.dataPath.address} self permanent`
    return scripted(victim(cluster), {
      plant: inNamespace(namespace, sh`bridge fdb del ${entry}`),
      // The engine hears of the miss with the first packet and may have put the entry back by then.
      remove: inNamespace(namespace, sh`bridge fdb replace ${entry}`),
    })
  },
}

export const forwardingEntryStale: Fault = {
  name: 'forwarding-entry-stale',
  description: 'One node has a forwarding entry for a task that is gone.',
  breaks: ['VXL-06'],
  namedBy: { code: 'stale-forwarding', at: 'host' },
  async plant({ cluster, stack }) {
    const { task, namespace } = await remoteEndpoint(cluster, stack)
    const entry = sh`02:42:de:ad:be:ef dev vxlan0 dst ${task.node.dataPath.address} self permanent`
    return scripted(victim(cluster), {
      plant: inNamespace(namespace, sh`bridge fdb add ${entry}`),
      remove: inNamespace(namespace, sh`bridge fdb del ${entry}`),
    })
  },
}

export const neighbourEntryMissing: Fault = {
  name: 'neighbour-entry-missing',
  description: 'One node has lost the neighbour entry of a task on another.',
  breaks: ['VXL-06'],
  namedBy: { code: 'stale-forwarding', at: 'host' },
  async plant({ cluster, stack }) {
    const { endpoint, namespace } = await remoteEndpoint(cluster, stack)
    return scripted(victim(cluster), {
      plant: inNamespace(namespace, sh`ip neigh del ${endpoint.address} dev vxlan0`),
      remove: inNamespace(
        namespace,
        sh`ip neigh replace ${endpoint.address} lladdr ${endpoint.mac} dev vxlan0 nud permanent`,
      ),
    })
  },
}

export const localTaskSentAway: Fault = {
  name: 'local-task-sent-away',
  description: 'One node forwards what is for one of its own tasks to another node.',
  breaks: ['VXL-03', 'VXL-06'],
  namedBy: { code: 'stale-forwarding', at: 'host' },
  async plant({ cluster, stack }) {
    const { clear } = stack.networks
    const tasks = tasksOn(stack, 'clear')
    const task = requireForFault(
      tasks.find((one) => tasks.some((other) => other !== one && other.node === one.node)),
      'two tasks on one node',
    )
    const away = requireForFault(
      cluster.nodes.find((node) => node !== task.node),
      'a second node',
    )
    const { mac } = requireForFault(task.endpoints[clear.name], 'an endpoint')
    const namespace = await overlayNamespaceOn(task.node, clear.id)
    const remote = sh`${mac} dev vxlan0 dst ${away.dataPath.address} self permanent`
    return scripted(task.node, {
      plant: scriptLines([
        inNamespace(namespace, sh`bridge fdb add ${remote}`),
        inNamespace(namespace, sh`bridge fdb replace ${mac} dev vxlan0 master static sticky`),
      ]),
      remove: scriptLines([
        inNamespace(namespace, sh`bridge fdb del ${mac} dev vxlan0 master`),
        inNamespace(namespace, sh`bridge fdb del ${remote}`),
      ]),
    })
  },
}

export const outerSourceRewritten: Fault = {
  name: 'outer-source-rewritten',
  description: 'A NAT rule on one node rewrites the outer source of VXLAN.',
  breaks: ['VXL-02'],
  namedBy: { code: 'other-outer-source', at: 'host' },
  async plant({ cluster }) {
    const node = victim(cluster)
    const other = node.dataPath.address.replace(/\d+$/, '250')
    const rule = sh`POSTROUTING -o ${node.dataPath.interface} -p udp --dport ${cluster.dataPathPort} -j SNAT --to-source ${other}`
    return scripted(node, {
      plant: sh`iptables -w -t nat -I ${rule}`,
      remove: scriptLines([
        sh`iptables -w -t nat -D ${rule}`,
        untilForgotten(` dport=${cluster.dataPathPort} .* dst=${other} `),
      ]),
    })
  },
}

export const vniShared: Fault = {
  name: 'vni-shared',
  description: 'A left-over namespace on one node uses the VNI of a network that stands.',
  breaks: ['VXL-04'],
  namedBy: { code: 'foreign-vxlan-device', at: 'host' },
  async plant({ cluster, stack }) {
    const [name, file] = ['swarmproof-fault', '/run/docker/netns/1-swarmproof']
    return scripted(victim(cluster), {
      plant: scriptLines([
        sh`ip netns add ${name}`,
        sh`touch ${file}`,
        sh`mount --bind /run/netns/${name} ${file}`,
        inNamespace(
          '1-swarmproof',
          sh`ip link add vxlan0 type vxlan id ${stack.networks.clear.vni} dstport ${cluster.dataPathPort}`,
        ),
      ]),
      remove: scriptLines([sh`umount ${file}`, sh`rm ${file}`, sh`ip netns del ${name}`]),
    })
  },
}
