import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { control } from '../scene/recordings/control.ts'
import { gossipPort } from '../scene/recordings/control-traffic.ts'
import { docs } from '../source.ts'
import { connectionProblems, connectionRows } from './connections.ts'

export const gossipTcp = requirement({
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
  codes: ['connection-refused'],
  changes: [],
  quiet: [],
  reads: [control],
  observe: async (lab) => ({ control: await lab.scene(control) }),
  judge({ control: { reached } }) {
    const gossip = reached.filter(({ what }) => what === 'gossip')
    return judgement({
      problems: connectionProblems(gossip, gossipPort),
      tables: { 'connections to port 7946': connectionRows(gossip) },
      conclusion: gossip.length === 0 ? '' : `${gossip.length} ordered pairs of nodes connected to 7946/tcp`,
    })
  },
})
