import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import type { Draft, Rule } from '../rule.ts'
import { hopsTold, reachesBridge, routedBySource } from '../source-routing.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'

/** What a node asks of its own published ports leaves by an uplink instead of reaching a task. */
export const ownAddressPastTasks: Rule = {
  code: 'own-address-past-tasks',
  title:
    'A node does not reach published ports at its own address: a policy routing rule leads past the tasks',
  severity: ['cause'],
  meaning:
    'A request of a node to its own address is translated to a task behind docker_gwbridge and then routed once more, now with the node’s address as the sender. A rule for that address leads to a table that has a default route and none to the bridge, so the request leaves by an uplink and is never answered. Requests from elsewhere are not concerned.',
  proof: [
    'Requests of the node to its own address were not answered',
    'A rule for that address leads to a table with a default route and without one by docker_gwbridge',
  ],
  silencedBy: [
    'The table has a route by docker_gwbridge, or a rule before leads there',
    'The rule asks for more than the sender',
  ],
  remedy: [
    'Give the table the bridge as well: `ip route add 172.18.0.0/16 dev docker_gwbridge table TABLE`',
    'Or a rule before it for whatever goes there: `ip rule add to 172.18.0.0/16 lookup main priority N`',
  ],
  reports: [
    {
      url: 'https://github.com/telnetdoogie/synology-docker/issues/93',
      says: 'A rule for the host’s address led to a table without the bridges’ routes, and the host reached no published port at that address.',
    },
  ],
  find: (lab) =>
    nodesRead(lab).flatMap((node): Draft[] => {
      const state = statesOf(lab, node)[0]
      if (state === undefined) return []
      const advertised = lab.facts?.nodes.find(({ name }) => name === node)?.advertise.address
      const past = routedBySource(state).find(
        ({ address, table }) => address === advertised && table.hops.length > 0 && !table.toGatewayBridge,
      )
      if (past === undefined || reachesBridge(state, past)) return []
      const { rule, table, address } = past
      const bridge = state.root.routes.find(({ device }) => device === gatewayBridgeName)?.destination
      return [
        {
          title: `${node} does not reach published ports at ${address}, its own address: its rule for ${rule.from ?? ''} leads to table ${table.table}, which has no route by docker_gwbridge`,
          cause: `What ${node} asks of itself is translated to a task and routed again as from ${address}: by table ${table.table}, so it leaves by ${hopsTold(table)}. Others reach these ports there.`,
          remedy: [
            `On ${node}: \`ip route add ${bridge ?? '172.18.0.0/16'} dev docker_gwbridge table ${table.table}\`, and where the table is made (netplan, ifupdown, a script)`,
          ],
          nodes: [node],
          proof: [
            `${node}: rule ${rule.priority} from ${rule.from ?? ''} to table ${table.table}: ${hopsTold(table)}, nothing by docker_gwbridge`,
          ],
          explains: (problem) => problem.code === 'own-port-not-answered' && problem.node === node,
        },
      ]
    }),
  gravity: 139,
}
