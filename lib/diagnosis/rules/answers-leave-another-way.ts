import type { HostState } from '../../observe/host-state.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'
import { hopsTold, leadsAnswers, type RoutedBySource, routedBySource } from '../source-routing.ts'

/** Answers of published ports follow the main table, whatever rules say of the address that was asked. */
export const answersLeaveAnotherWay: Rule = {
  code: 'answers-leave-another-way',
  title: 'Published ports at one address of a node answer along the route of another',
  severity: ['advice'],
  meaning:
    'A node with several uplinks has a policy routing rule for one of its addresses, so that what it sends from there leaves by the uplink it belongs to. A published port is answered by a task behind docker_gwbridge: when the kernel looks for the answer’s route the answer still has an address of that bridge, the rule does not hold, and the answer leaves by the main table. Routers of that way, or a strict reverse path filter, drop what comes from an address that is not theirs. Programs of the node itself answer at that address, published ports do not.',
  proof: [
    'A rule of `ip rule` for an address of the node, and the default route of the table it leads to',
    'Another default route, or none, in the main table',
  ],
  silencedBy: [
    'Both tables have the same next hops',
    'A rule for marks, for what comes in by docker_gwbridge or for its subnet leads to the same table, which leads answers on purpose',
  ],
  remedy: [
    'Let answers leave as the requests came: `iptables -t mangle -A PREROUTING -i INTERFACE -m conntrack --ctstate NEW -j CONNMARK --set-mark 2`, `iptables -t mangle -A PREROUTING -i docker_gwbridge -j CONNMARK --restore-mark`, `ip rule add fwmark 2 table TABLE`',
    'Or publish at a load balancer or address of the uplink that main leads to',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/35251',
      says: 'With source routing for a second interface, ports published at its address could not be connected to from outside its network.',
    },
    {
      url: 'https://github.com/moby/moby/issues/17212',
      says: 'Two interfaces and a rule for the second: the host answered at both addresses, its containers’ ports only at that of the default gateway.',
    },
  ],
  find: (lab) =>
    nodesRead(lab).flatMap((node) =>
      statesOf(lab, node)
        .slice(0, 1)
        .flatMap((state) => draftsOf(node, state)),
    ),
  gravity: 221,
}

function draftsOf(node: string, state: HostState): Draft[] {
  const others = routedBySource(state).filter(
    (one) =>
      // The rule is for the uplink that has the address, not for a subnet of containers.
      one.table.hops.some(({ device }) => device === one.device) &&
      hopsTold(one.table) !== hopsTold(one.main ?? { hops: [] }) &&
      !leadsAnswers(state, one.table.table),
  )
  const [first] = others
  if (first === undefined) return []
  const addresses = others.map(({ address }) => address)
  const [device = ''] = first.table.hops.map((hop) => hop.device)
  return [
    {
      title: `${node} answers requests to published ports at ${addresses.join(', ')} by ${mainTold(first)}, not by ${hopsTold(first.table)}`,
      cause: `Its rule for ${first.rule.from ?? ''} leads to table ${first.table.table}, but answers of published ports have an address of docker_gwbridge when their route is looked for, and follow the main table. Clients beyond the node's own networks are answered from ${addresses.join(', ')} by a way that may drop it; those of its own networks, and programs of the node itself, are not concerned.`,
      remedy: [
        `On ${node}: \`iptables -t mangle -A PREROUTING -i ${device} -m conntrack --ctstate NEW -j CONNMARK --set-mark 2\`, \`iptables -t mangle -A PREROUTING -i docker_gwbridge -j CONNMARK --restore-mark\`, \`ip rule add fwmark 2 table ${first.table.table}\``,
        `Or let clients use the address of the uplink that the main table’s default route takes`,
      ],
      nodes: [node],
      proof: others.map(
        ({ address, rule, table, main }) =>
          `${node}: ${address}: rule ${rule.priority} from ${rule.from ?? ''} to table ${table.table} (${hopsTold(table)}), main: ${hopsTold(main ?? { hops: [] })}`,
      ),
    },
  ]
}

const mainTold = ({ main }: RoutedBySource): string => (main === undefined ? 'no way at all' : hopsTold(main))
