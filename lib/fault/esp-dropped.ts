import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { victim } from './scripted.ts'

export const espDropped: Fault = {
  name: 'esp-dropped',
  description: 'The firewall of one node drops ESP on arrival.',
  breaks: ['ENC-10'],
  namedBy: { code: 'host-firewall-drops', at: 'host' },
  async plant({ cluster }) {
    const { host } = victim(cluster)
    return { host: host.name, remove: await plantRules(host, [{ chain: 'INPUT', rule: sh`-p esp -j DROP` }]) }
  },
}
