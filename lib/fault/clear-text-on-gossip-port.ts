import type { Fault } from './fault.ts'
import { bystander, victim } from './scripted.ts'
import { shell } from '../host/shell.ts'

export const clearTextOnGossipPort: Fault = {
  name: 'clear-text-on-gossip-port',
  description: 'A node sends a service’s name in clear to port 7946 of another every second',
  breaks: ['CTL-06'],
  async plant({ cluster, stack }) {
    const [from, to] = [victim(cluster), bystander(cluster)]
    const octets = to.advertise.address.split('.').join(',')
    const talk = [
      'alarm 900; socket(my $s, 2, 2, 17) or die;',
      `for (;;) { send $s, "service ${stack.services.web.name} has a task more", 0, pack("S n C4 x8", 2, 7946, ${octets}); sleep 1 }`,
    ].join(' ')
    const script = `setsid perl -e '${talk}' >/dev/null 2>&1 </dev/null & pid=$!; sleep 1; kill -0 $pid; echo $pid`
    const pid = Number((await shell(from.host, script)).trim())
    return { host: from.host.name, remove: async () => void (await shell(from.host, `kill ${pid}`)) }
  },
}
