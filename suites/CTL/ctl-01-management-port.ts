import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { control } from '../scene/control.ts'
import { managementPort } from '../scene/control-traffic.ts'
import { outcomeText } from '../scene/outcome.ts'
import { docs } from '../source.ts'

export const managementPortOpen = conformanceTest({
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
  async run(context) {
    const { management } = await control(context)
    const { evidence } = context
    evidence.observe(
      'connections to port 2377',
      management.map(({ from, to, observation }) => ({
        from: from.host.name,
        to: to.host.name,
        address: to.advertise.address,
        outcome: observation.outcome,
        elapsedMs: Math.round(observation.elapsedMs),
      })),
    )
    requireNone(
      'every manager accepts connections to 2377/tcp from every node',
      management
        .filter(({ observation }) => observation.outcome !== 'connected')
        .map(
          ({ from, to, observation }) =>
            `${from.host.name} → ${to.host.name} (${to.advertise.address}:${managementPort}): ${outcomeText(observation)}`,
        ),
    )
    const slowest = Math.max(...management.map(({ observation }) => observation.elapsedMs))
    evidence.measure('slowest connection', Math.round(slowest), 'ms')
    const managers = new Set(management.map(({ to }) => to.host.name))
    evidence.conclude(
      `${management.length} connections from ${context.cluster.nodes.length} nodes to ${managers.size} manager${managers.size === 1 ? '' : 's'} accepted, the slowest in ${slowest.toFixed(0)} ms`,
    )
  },
})
