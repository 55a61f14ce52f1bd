import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { control } from '../scene/recordings/control.ts'
import { managementPort } from '../scene/recordings/control-traffic.ts'
import { docs } from '../source.ts'
import { connectionProblems, connectionRows } from './connections.ts'

export const managementPortOpen = requirement({
  id: 'CTL-01',
  requirement: 'Every manager accepts 2377/tcp from every node on its advertise address.',
  source: [docs('Use a separate interface for control and data traffic')],
  safety: 'production',
  needs: [],
  method:
    'Every node opens a TCP connection to port 2377 on the advertise address of every manager, its own included. Each must be accepted.',
  usualCauses: [
    'a firewall or security group between the nodes blocks 2377/tcp',
    'the manager advertises an address of another network (two interfaces, NAT)',
    'the engine of the manager is down',
  ],
  remedy: [
    'on the manager: ss -ltn sport = :2377, docker info --format "{{.Swarm.NodeAddr}}"',
    'on the node: nc -vz MANAGER-ADDRESS 2377',
    'open 2377/tcp from all nodes to all managers',
  ],
  codes: ['connection-refused'],
  changes: [],
  quiet: [],
  reads: [control],
  observe: async (lab) => ({ control: await lab.scene(control) }),
  judge({ control: { reached } }, facts) {
    const management = reached.filter(({ what }) => what === 'management')
    const slowest = Math.max(0, ...management.map(({ probe }) => probe.elapsedMs))
    const managers = new Set(management.map(({ to }) => to)).size
    return judgement({
      problems: connectionProblems(management, managementPort),
      measures: [{ name: 'slowest connection', value: Math.round(slowest), unit: 'ms' }],
      tables: { 'connections to port 2377': connectionRows(management) },
      conclusion:
        management.length === 0
          ? ''
          : `${management.length} connections from ${facts.nodes.length} nodes to ${managers} manager${managers === 1 ? '' : 's'} accepted, the slowest in ${slowest.toFixed(0)} ms`,
    })
  },
})
