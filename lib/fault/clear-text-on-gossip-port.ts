import { perlFile } from '../script-file.ts'
import { inBackground } from './background.ts'
import type { Fault } from './fault.ts'
import { bystander, victim } from './scripted.ts'

const talk = perlFile(import.meta.url, 'clear-text-on-gossip-port.pl')

export const clearTextOnGossipPort: Fault = {
  name: 'clear-text-on-gossip-port',
  description: 'A node sends a service’s name in clear to port 7946 of another every second',
  breaks: ['CTL-06'],
  namedBy: { code: 'clear-text-to-engine-port', at: 'host' },
  async plant({ cluster, stack }) {
    const [from, to] = [victim(cluster), bystander(cluster)]
    const words = [stack.services.web.name, ...to.advertise.address.split('.')]
    return { host: from.host.name, remove: await inBackground(from.host, { program: talk, words }) }
  },
}
