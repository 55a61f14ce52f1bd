import { perlFile } from '../script-file.ts'
import { inBackground } from './background.ts'
import type { Fault } from './fault.ts'

const talk = perlFile(import.meta.url, 'clear-text-on-management-port.pl')

export const clearTextOnManagementPort: Fault = {
  name: 'clear-text-on-management-port',
  description: 'Something on a node speaks clear text to port 2377 of a manager every second',
  breaks: ['CTL-05', 'CTL-11'],
  namedBy: { code: 'clear-text-to-engine-port', at: 'host' },
  async plant({ cluster }) {
    const other = cluster.nodes.find((node) => node !== cluster.manager) ?? cluster.manager
    const words = cluster.manager.advertise.address.split('.')
    return { host: other.host.name, remove: await inBackground(other.host, { program: talk, words }) }
  },
}
