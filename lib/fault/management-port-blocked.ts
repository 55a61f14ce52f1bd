import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { managementPort } from '../topology/swarm-defaults.ts'

/** Connections that stand go on, so the node stays Ready. */
export const managementPortBlocked: Fault = {
  name: 'management-port-blocked',
  description: 'A manager drops new connections of one node to port 2377',
  breaks: ['CTL-01'],
  namedBy: { code: 'host-firewall-drops', at: 'host' },
  async plant({ cluster }) {
    const other = cluster.nodes.find((node) => node !== cluster.manager) ?? cluster.manager
    const rule = sh`-p tcp --dport ${managementPort} --syn -s ${other.advertise.address} -j DROP`
    const remove = await plantRules(cluster.manager.host, [{ chain: 'INPUT', rule }])
    return { host: other.host.name, causeAt: cluster.manager.host.name, remove }
  },
}
