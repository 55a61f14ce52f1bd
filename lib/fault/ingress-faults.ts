import type { ClusterNode } from '../swarm/cluster.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import { inNamespace, requireForFault, scripted, victim } from './scripted.ts'
import { portWayOn, withoutTranslation } from './port-way.ts'
import { shell } from '../change/shell.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'
import { ruleWords } from '../change/rule-words.ts'

/** Deletes the first rule of a chain that holds a text, and puts it back where it was. */
export async function withoutRule(
  node: ClusterNode,
  iptables: Script,
  chain: string,
  holding: string,
): ReturnType<Fault['plant']> {
  const lines = (await shell(node.host, sh`${iptables} -S ${chain}`)).split('\n')
  const rules = lines.filter((line) => line.startsWith('-A'))
  const index = rules.findIndex((line) => line.includes(holding))
  // Behind `-A CHAIN`.
  const rule = ruleWords(requireForFault(rules[index], `a rule with ${holding}`), node.host.name).slice(2)
  return scripted(node, {
    plant: sh`${iptables} -D ${chain} ${rule}`,
    remove: sh`${iptables} -I ${chain} ${index + 1} ${rule}`,
  })
}

export const ingressForwardMissing: Fault = {
  name: 'ingress-forward-missing',
  description: 'One node has lost the rule that leads the published port to the mesh.',
  breaks: ['ING-01', 'ING-05', 'ING-10'],
  namedBy: { code: 'mesh-rule-missing', at: 'host' },
  plant: async ({ cluster, stack }) =>
    withoutTranslation(victim(cluster), requireForFault(stack.services.web.published[0], 'a published port')),
}

export const ingressMarkMissing: Fault = {
  name: 'ingress-mark-missing',
  description: 'The ingress sandbox of one node no longer marks packets for the published port.',
  breaks: ['ING-01', 'ING-05'],
  namedBy: { code: 'mesh-rule-missing', at: 'host' },
  plant: async ({ cluster, stack }) =>
    withoutRule(
      victim(cluster),
      inNamespace(ingressNamespace, sh`iptables -w -t mangle`),
      'PREROUTING',
      `--dport ${requireForFault(stack.services.web.published[0], 'a published port').publishedPort} `,
    ),
}

export const unpublishedPortForwarded: Fault = {
  name: 'unpublished-port-forwarded',
  description: 'A NAT rule on one node leads a port that is not published to the mesh.',
  breaks: ['ING-06'],
  namedBy: { code: 'foreign-translation', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const port = requireForFault(stack.services.web.published[0], 'a published port')
    const { fromOutside } = await portWayOn(node, port)
    const destination = requireForFault(
      /^[\d.]+:\d+$/.exec(fromOutside?.rule.leadsTo ?? '')?.[0],
      'a DNAT rule',
    )
    const rule = sh`PREROUTING -p tcp -d ${node.advertise.address} --dport ${port.targetPort} -j DNAT --to-destination ${destination}`
    return scripted(node, {
      plant: sh`iptables -w -t nat -I ${rule}`,
      remove: sh`iptables -w -t nat -D ${rule}`,
    })
  },
}
