import { inBackground } from './background.ts'
import type { Fault } from './fault.ts'
import { bystander, victim } from './scripted.ts'

export const clearTextOnGossipPort: Fault = {
  name: 'clear-text-on-gossip-port',
  description: 'A node sends a service’s name in clear to port 7946 of another every second',
  breaks: ['CTL-06'],
  async plant({ cluster, stack }) {
    const [from, to] = [victim(cluster), bystander(cluster)]
    const octets = to.advertise.address.split('.').join(',')
    const talk = [
      'socket(my $s, 2, 2, 17) or die;',
      `for (;;) { send $s, "service ${stack.services.web.name} has a task more", 0, pack("S n C4 x8", 2, 7946, ${octets}); sleep 1 }`,
    ].join(' ')
    return { host: from.host.name, remove: await inBackground(from.host, talk) }
  },
}
