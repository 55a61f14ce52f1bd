import { inBackground } from './background.ts'
import type { Fault } from './fault.ts'
import { bystander, victim } from './scripted.ts'

const talk = String.raw`
my ($name, @octets) = @ARGV;
socket(my $s, 2, 2, 17) or die;
for (;;) { send $s, "service $name has a task more", 0, pack("S n C4 x8", 2, 7946, @octets); sleep 1 }
`

export const clearTextOnGossipPort: Fault = {
  name: 'clear-text-on-gossip-port',
  description: 'A node sends a service’s name in clear to port 7946 of another every second',
  breaks: ['CTL-06'],
  async plant({ cluster, stack }) {
    const [from, to] = [victim(cluster), bystander(cluster)]
    const words = [stack.services.web.name, ...to.advertise.address.split('.')]
    return { host: from.host.name, remove: await inBackground(from.host, { program: talk, words }) }
  },
}
