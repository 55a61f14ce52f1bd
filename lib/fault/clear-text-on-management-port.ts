import { inBackground } from './background.ts'
import type { Fault } from './fault.ts'

const talk = String.raw`
for (;;) {
  my $s;
  if (socket($s, 2, 1, 6) && connect($s, pack("S n C4 x8", 2, 2377, @ARGV))) {
    syswrite $s, "GET /health HTTP/1.0\r\n\r\n";
    select undef, undef, undef, 0.2;
    close $s;
  }
  sleep 1;
}
`

export const clearTextOnManagementPort: Fault = {
  name: 'clear-text-on-management-port',
  description: 'Something on a node speaks clear text to port 2377 of a manager every second',
  breaks: ['CTL-05', 'CTL-11'],
  async plant({ cluster }) {
    const other = cluster.nodes.find((node) => node !== cluster.manager) ?? cluster.manager
    const words = cluster.manager.advertise.address.split('.')
    return { host: other.host.name, remove: await inBackground(other.host, { program: talk, words }) }
  },
}
