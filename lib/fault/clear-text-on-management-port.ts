import type { Fault } from './fault.ts'
import { shell } from '../host/shell.ts'

export const clearTextOnManagementPort: Fault = {
  name: 'clear-text-on-management-port',
  description: 'Something on a node speaks clear text to port 2377 of a manager every second',
  breaks: ['CTL-05', 'CTL-11'],
  async plant({ cluster }) {
    const other = cluster.nodes.find((node) => node !== cluster.manager) ?? cluster.manager
    const octets = cluster.manager.advertise.address.split('.').join(',')
    const talk = [
      'alarm 900; for (;;) { my $s;',
      `if (socket($s, 2, 1, 6) && connect($s, pack("S n C4 x8", 2, 2377, ${octets}))) {`,
      'syswrite $s, "GET /health HTTP/1.0\\r\\n\\r\\n"; select undef, undef, undef, 0.2; close $s }',
      'sleep 1 }',
    ].join(' ')
    const script = `setsid perl -e '${talk}' >/dev/null 2>&1 </dev/null & pid=$!; sleep 1; kill -0 $pid; echo $pid`
    const pid = Number((await shell(other.host, script)).trim())
    return {
      host: other.host.name,
      async remove() {
        await shell(other.host, `kill ${pid}`)
      },
    }
  },
}
