import { packetMark } from '../identifier.ts'
import type { Cluster, ClusterNode, Task } from '../swarm/cluster.ts'
import { ingressNamespace, loadBalancerNamespace } from '../swarm/namespaces.ts'
import type { Stack } from '../swarm/stack.ts'
import { inNamespace, requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'

interface Entry {
  readonly node: ClusterNode
  readonly namespace: string
  readonly mark: number
  readonly address: string
}

/** The entry of one task of the web service in the victim's balancer of the clear network. */
async function balancerEntry(cluster: Cluster, stack: Stack): Promise<Entry> {
  const node = victim(cluster)
  const { clear } = stack.networks
  const namespace = loadBalancerNamespace(clear.id)
  const vip = requireForFault(stack.services.web.vips[clear.id], 'a VIP')
  const task: Task = requireForFault(
    stack.tasks.find(({ service }) => service === stack.services.web.name),
    'a task of web',
  )
  const rules = await shell(node.host, inNamespace(namespace, sh`iptables -w -t mangle -S`))
  const line = requireForFault(
    rules.split('\n').find((rule) => rule.includes(`-d ${vip}/32`)),
    'a mark rule',
  )
  const mark = packetMark(Number(/--set-x?mark (0x[0-9a-f]+)/.exec(line)?.[1]), node.host.name)
  return {
    node,
    namespace,
    mark,
    address: requireForFault(task.endpoints[clear.name], 'an endpoint').address,
  }
}

export const balancerTaskMissing: Fault = {
  name: 'balancer-task-missing',
  description: 'The balancer of one node does not list one of the running tasks.',
  breaks: ['LB-01', 'LB-02'],
  namedBy: { code: 'ipvs-differs-by-node', at: 'host' },
  async plant({ cluster, stack }) {
    const { node, namespace, mark, address } = await balancerEntry(cluster, stack)
    return scripted(node, {
      plant: inNamespace(namespace, sh`ipvsadm -d -f ${mark} -r ${address}`),
      remove: inNamespace(namespace, sh`ipvsadm -a -f ${mark} -r ${address} -m -w 1`),
    })
  },
}

export const balancerEmptied: Fault = {
  name: 'balancer-emptied',
  description:
    'The balancer of one node marks what is for a virtual IP, and IPVS has no service for the mark.',
  breaks: ['LB-01', 'LB-02', 'DSC-04'],
  namedBy: { code: 'balancer-empty', at: 'host' },
  async plant({ cluster, stack }) {
    const { node, namespace, mark } = await balancerEntry(cluster, stack)
    return emptied(node, namespace, mark)
  },
}

export const balancerWeightZero: Fault = {
  name: 'balancer-weight-zero',
  description: 'The balancer of one node gives one of the running tasks no connections.',
  breaks: ['LB-01', 'LB-02'],
  namedBy: { code: 'ipvs-differs-by-node', at: 'host' },
  async plant({ cluster, stack }) {
    const { node, namespace, mark, address } = await balancerEntry(cluster, stack)
    const weigh = (weight: number): Script =>
      inNamespace(namespace, sh`ipvsadm -e -f ${mark} -r ${address} -m -w ${weight}`)
    return scripted(node, { plant: weigh(0), remove: weigh(1) })
  },
}

export const connectionsByVipReset: Fault = {
  name: 'connections-by-vip-reset',
  description: 'The balancer of one node resets every third connection to a VIP once it carries data.',
  breaks: ['LB-06'],
  namedBy: { code: 'connections-by-vip-reset', at: 'host' },
  async plant({ cluster, stack }) {
    const { clear } = stack.networks
    const vip = requireForFault(stack.services.web.vips[clear.id], 'a VIP')
    // The request itself: while an answer flows, the client takes a reset for one that comes too late (RFC 5961, 3.2).
    const every = sh`-m statistic --mode nth --every 3 --packet 0`
    const rule = sh`INPUT -d ${vip} -p tcp --tcp-flags PSH PSH ${every} -j REJECT --reject-with tcp-reset`
    const inBalancer = (flag: '-I' | '-D'): Script =>
      inNamespace(loadBalancerNamespace(clear.id), sh`iptables -w ${flag} ${rule}`)
    return scripted(victim(cluster), { plant: inBalancer('-I'), remove: inBalancer('-D') })
  },
}

export const ingressTaskMissing: Fault = {
  name: 'ingress-task-missing',
  description: 'The ingress balancer of one node does not list one of the running tasks.',
  breaks: ['LB-02', 'ING-02', 'ING-05'],
  namedBy: { code: 'ipvs-differs-by-node', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { web } = stack.services
    const port = requireForFault(web.published[0], 'a published port')
    const task = requireForFault(
      stack.tasks.find(({ service }) => service === web.name),
      'a task of web',
    )
    const { address } = requireForFault(task.endpoints[stack.networks.ingress.name], 'an ingress endpoint')
    const mark = await ingressMark(node, port.publishedPort)
    return scripted(node, {
      plant: inNamespace(ingressNamespace, sh`ipvsadm -d -f ${mark} -r ${address}`),
      remove: inNamespace(ingressNamespace, sh`ipvsadm -a -f ${mark} -r ${address} -m -w 1`),
    })
  },
}

export const ingressBalancerEmptied: Fault = {
  name: 'ingress-balancer-emptied',
  description:
    'The ingress balancer of one node marks what is for a published port, and IPVS has no service for it.',
  breaks: ['LB-02', 'ING-01', 'ING-05'],
  namedBy: { code: 'balancer-empty', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const port = requireForFault(stack.services.web.published[0], 'a published port')
    return emptied(node, ingressNamespace, await ingressMark(node, port.publishedPort))
  },
}

/** The mark that the ingress sandbox of a node gives to what is for a published port. */
async function ingressMark({ host }: ClusterNode, publishedPort: number): Promise<number> {
  const rules = await shell(host, inNamespace(ingressNamespace, sh`iptables -w -t mangle -S PREROUTING`))
  const rule = requireForFault(
    rules.split('\n').find((line) => line.includes(`--dport ${publishedPort} `)),
    'a mark rule',
  )
  return packetMark(Number(/--set-x?mark (0x[0-9a-f]+)/.exec(rule)?.[1]), host.name)
}

/** Takes the IPVS service of a mark away; `remove` makes it again as it was, with its tasks. */
async function emptied(node: ClusterNode, namespace: string, mark: number): ReturnType<Fault['plant']> {
  const saved = await shell(node.host, inNamespace(namespace, sh`ipvsadm-save -n`))
  const lines = saved.split('\n').filter((line) => line.includes(` -f ${mark} `))
  requireForFault(lines[0], `an IPVS service for the mark ${mark}`)
  return scripted(node, {
    plant: inNamespace(namespace, sh`ipvsadm -D -f ${mark}`),
    remove: sh`printf '%s\n' ${lines.join('\n')} | ${inNamespace(namespace, sh`ipvsadm -R`)}`,
  })
}
