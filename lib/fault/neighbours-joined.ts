import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { victim } from './scripted.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

export const neighboursJoined: Fault = {
  name: 'neighbours-joined',
  description: 'A rule on one node lets containers talk to each other over docker_gwbridge',
  breaks: ['GWB-03'],
  namedBy: { code: 'neighbours-not-kept-apart', at: 'host' },
  async plant({ cluster }) {
    const { host } = victim(cluster)
    const rule = sh`-i ${gatewayBridgeName} -o ${gatewayBridgeName} -j ACCEPT`
    return { host: host.name, remove: await plantRules(host, [{ chain: 'FORWARD', rule }]) }
  },
}
