import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { control } from '../scene/control.ts'
import { gossipPort } from '../scene/control-traffic.ts'
import { outcomeText } from '../scene/outcome.ts'
import { docs } from '../source.ts'

export const gossipTcp = conformanceTest({
  id: 'CTL-02',
  requirement: '7946/tcp is reachable between every ordered pair of nodes.',
  source: [docs('Firewall considerations')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Every node opens a TCP connection to port 7946 on the advertise address of every other. Each must be accepted.',
  usualCauses: [
    'a firewall or security group blocks 7946/tcp, often in one direction only',
    'a node advertises an address the others cannot reach',
  ],
  remedy: [
    'on the target: ss -ltn sport = :7946, iptables -nvL INPUT',
    'on the sender: nc -vz ADDRESS 7946',
    'open 7946/tcp and 7946/udp between all nodes, both ways',
  ],
  async run(context) {
    const { gossip } = await control(context)
    const { evidence } = context
    evidence.observe(
      'connections to port 7946',
      gossip.map(({ from, to, observation }) => ({
        from: from.host.name,
        to: to.host.name,
        outcome: observation.outcome,
        elapsedMs: Math.round(observation.elapsedMs),
      })),
    )
    requireNone(
      'every node accepts connections to 7946/tcp from every other',
      gossip
        .filter(({ observation }) => observation.outcome !== 'connected')
        .map(
          ({ from, to, observation }) =>
            `${from.host.name} → ${to.host.name} (${to.advertise.address}:${gossipPort}): ${outcomeText(observation)}`,
        ),
    )
    evidence.conclude(`${gossip.length} ordered pairs of nodes connected to 7946/tcp`)
  },
})
