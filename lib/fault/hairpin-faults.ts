import { plantRules } from '../change/firewall-rules.ts'
import { sh } from '../script.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { Fault } from './fault.ts'
import { requireForFault, scripted, victim } from './scripted.ts'

/** As engine 29.8.0 leaves them: DNAT leads to the mesh, and no rule accepts what comes from the same bridge. */
export const hairpinDropped: Fault = {
  name: 'hairpin-dropped',
  description: 'One node drops what its own tasks send to a published port at its address.',
  breaks: ['ING-14'],
  namedBy: { code: 'hairpin-broken', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { publishedPort } = requireForFault(stack.services.web.published[0], 'a published port')
    const rule = sh`-i ${gatewayBridgeName} -o ${gatewayBridgeName} -p tcp --dport ${publishedPort} -j DROP`
    const remove = await plantRules(node.host, [{ chain: 'FORWARD', rule }])
    return { host: node.host.name, remove }
  },
}

export const hairpinNotTranslated: Fault = {
  name: 'hairpin-not-translated',
  description: 'One node does not lead what its own tasks send to a published port into the mesh.',
  breaks: ['ING-14'],
  namedBy: { code: 'hairpin-broken', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { publishedPort } = requireForFault(stack.services.web.published[0], 'a published port')
    const rule = sh`-i ${gatewayBridgeName} -p tcp --dport ${publishedPort} -j ACCEPT`
    const remove = await plantRules(node.host, [{ table: 'nat', chain: 'PREROUTING', rule }])
    return { host: node.host.name, remove }
  },
}

export const bridgeUnfiltered: Fault = {
  name: 'bridge-unfiltered',
  description: 'One node does not give what passes its bridges to its firewall.',
  breaks: ['ING-14'],
  namedBy: { code: 'hairpin-broken', at: 'host' },
  plant: async ({ cluster }) =>
    scripted(victim(cluster), {
      plant: sh`sysctl -qw net.bridge.bridge-nf-call-iptables=0`,
      remove: sh`sysctl -qw net.bridge.bridge-nf-call-iptables=1`,
    }),
}
