import type { Service } from '../swarm/cluster.ts'
import { dockerFront } from './docker-front.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { plantRules } from '../change/firewall-rules.ts'
import { withoutTranslation } from './port-way.ts'
import { requireForFault, scripted, victim } from './scripted.ts'

export const udpForwardMissing: Fault = {
  name: 'udp-forward-missing',
  description: 'One node leads a port that is published for TCP and UDP to the mesh by TCP only.',
  breaks: ['ING-03'],
  namedBy: { code: 'mesh-rule-missing', at: 'host' },
  plant: async ({ cluster, stack }) => {
    const port = requireForFault(
      stack.services.dual.published.find(({ protocol }) => protocol === 'udp'),
      'a published UDP port',
    )
    return withoutTranslation(victim(cluster), port)
  },
}

export const shortSyntaxForwardMissing: Fault = {
  name: 'short-syntax-forward-missing',
  description: 'One node does not lead to the mesh what was published by the short syntax.',
  breaks: ['ING-04'],
  namedBy: { code: 'mesh-rule-missing', at: 'host' },
  plant: async ({ cluster, stack }) => {
    const ports = stack.services.dual.published.toSorted((a, b) => a.publishedPort - b.publishedPort)
    return withoutTranslation(victim(cluster), requireForFault(ports.at(-1), 'a published port'))
  },
}

export const hostPortRelayed: Fault = {
  name: 'host-port-relayed',
  description: 'A node without a task relays a port that is published in host mode.',
  breaks: ['ING-07'],
  namedBy: { code: 'foreign-translation', at: 'host' },
  async plant({ cluster, stack }) {
    const port = hostPort(stack.services.here)
    const task = requireForFault(
      stack.tasks.find(({ service }) => service === stack.services.here.name),
      'a task that publishes in host mode',
    )
    const node = requireForFault(
      cluster.nodes.findLast((candidate) => candidate !== task.node),
      'a second node',
    )
    const to = task.node.advertise.address
    const rules = [
      {
        ...{ table: 'nat', chain: 'PREROUTING' },
        rule: sh`-p tcp -d ${node.advertise.address} --dport ${port} -j DNAT --to-destination ${to}:${port}`,
      },
      { table: 'nat', chain: 'POSTROUTING', rule: sh`-p tcp -d ${to} --dport ${port} -j MASQUERADE` },
      { chain: 'FORWARD', rule: sh`-p tcp -d ${to} --dport ${port} -j ACCEPT` },
      { chain: 'FORWARD', rule: sh`-p tcp -s ${to} --sport ${port} -j ACCEPT` },
    ]
    return { host: node.host.name, remove: await plantRules(node.host, rules) }
  },
}

export const hostPortBlocked: Fault = {
  name: 'host-port-blocked',
  description: 'The firewall of the node that runs the task drops a port published in host mode.',
  breaks: ['ING-07'],
  namedBy: { code: 'published-port-dropped', at: 'host' },
  async plant({ stack }) {
    const { here } = stack.services
    const { node } = requireForFault(
      stack.tasks.find(({ service }) => service === here.name),
      'a task that publishes in host mode',
    )
    const rule = sh`PREROUTING -p tcp --dport ${hostPort(here)} -j DROP`
    return scripted(node, {
      plant: sh`iptables -w -t raw -I ${rule}`,
      remove: sh`iptables -w -t raw -D ${rule}`,
    })
  },
}

function hostPort(service: Service): number {
  return requireForFault(
    service.published.find(({ mode }) => mode === 'host'),
    'a port published in host mode',
  ).publishedPort
}

export const takenPortAccepted: Fault = {
  name: 'taken-port-accepted',
  description: 'A manager accepts a service that publishes a taken port and silently gives it another.',
  breaks: ['ING-08'],
  unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  plant: ({ cluster, stack }) => {
    const taken = requireForFault(stack.services.web.published[0], 'a published port').publishedPort
    return dockerFront(cluster.manager, sh`published=${taken},*) word="published=0,\${word#*,}"`)
  },
}
