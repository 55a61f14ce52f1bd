import { isIPv4 } from 'node:net'
import type { HostState } from '../../observe/host-state.ts'
import { type RoutingDecision, routingDecision } from '../../observe/routing-decision.ts'
import type { AskedPacket } from '../../observe/who-decides.ts'
import { contains, networkOf } from '../../topology/cidr.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import { canEndAt } from '../ends.ts'
import { addressBehindGateway, gatewaySubnets, isBehindGateway } from '../gateway-bridge.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { forwardedPackets, isForwardedBy } from '../mesh-packets.ts'
import { decidedBy, howToUndo } from '../peer-routing.ts'
import type { Draft, Rule } from '../rule.ts'
import { routedBySource } from '../source-routing.ts'

/** Rules or routes of a node take away what goes between its containers and what is outside. */
export const containerTrafficRoutedAway: Rule = {
  code: 'container-traffic-routed-away',
  title: 'Routes of a node lead what goes to or comes from its containers somewhere else',
  severity: ['cause'],
  meaning:
    'A published port is translated to an address behind docker_gwbridge and then routed, and what containers send outside is routed when it comes from there. A policy routing rule (WireGuard, Tailscale, a second uplink) that is asked before the table main, or a more specific route, leads such packets into a tunnel, by another interface, or refuses them. What nodes send each other has other addresses and goes on working.',
  proof: [
    'Requests to a published port of the node were not answered, or what a task sent outside did not leave it',
    'The rules of policy routing, asked in their order for just such a packet (its addresses, the interface it comes in by, marks), lead to a route that does not leave by docker_gwbridge, or outside not by the interface that has the network of the destination, or they refuse',
  ],
  silencedBy: [
    'The way leads by docker_gwbridge, or outside by the interface that has that network',
    'A rule that is asked by a mark that the firewall may have set, by a port or a user, or whose table was not read or is too large',
    'What was missed is seen to have ended elsewhere',
  ],
  remedy: [
    'See the way: `ip rule`, `ip route get 172.18.0.2 from CLIENT iif INTERFACE`, `ip route get ADDRESS from 172.18.0.2 iif docker_gwbridge`',
    'Keep containers out of the other table: `ip rule add to 172.18.0.0/16 lookup main priority N` with N before that rule, `ip rule add iif docker_gwbridge to SUBNET lookup main priority N`; and in whatever sets the rules up (`PostUp` of wg-quick, netplan)',
  ],
  reports: [
    {
      url: 'https://github.com/tailscale/tailscale/issues/13367',
      says: 'With an exit node set, what came back to containers went into the tunnel; a rule for 172.16.0.0/12 before that of Tailscale fixed it.',
    },
    {
      url: 'https://github.com/tailscale/tailscale/issues/12434',
      says: 'A published port did not answer while routes were accepted: one of them was the subnet of the bridge.',
    },
  ],
  find: (lab) => lab.nodeNames.flatMap((node) => draftsOf(lab, node)),
  gravity: 61,
}

interface Led {
  readonly problem: Reported
  readonly to: string
  readonly way: RoutingDecision
  /** Where it should leave. */
  readonly expected: string
  /** The selector of `ip rule` that keeps such packets out of another table. */
  readonly selector: string
  /** As `what is for its containers`. */
  readonly what: string
}

function draftsOf(lab: LabView, node: string): Draft[] {
  const [state] = statesOf(lab, node)
  if (state === undefined || gatewaySubnets(state).length === 0) return []
  if (state.root.links.find(({ name }) => name === gatewayBridgeName)?.up !== true) return []
  const led = lab
    .problemsAbout(node)
    .filter((problem) => canEndAt(problem, { at: node }))
    .flatMap((problem) => ledAway(problem, node, state, lab) ?? [])
  const groups = new Map<string, Led[]>()
  for (const one of led) {
    const key = `${decidedBy(one.way)} ${one.expected}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].flatMap((group) => draftOf(node, group))
}

function draftOf(node: string, group: readonly Led[]): Draft[] {
  const [first] = group
  if (first === undefined) return []
  const { way, to, expected, what, selector } = first
  const by = way.routes.map(({ device }) => device)
  const leads =
    way.refused !== undefined || by.length === 0
      ? `${node} refuses ${what} (${to})`
      : `${node} sends ${what} (${to}) by ${[...new Set(by)].join(' or ')}, not by ${expected}`
  const problems = group.map(({ problem }) => problem)
  const { rule, table } = way
  const isGone = expected === gatewayBridgeName && howToUndo(way, selector).length === 0
  const commands = isGone
    ? [`ip route add ${selector.replace('to ', '')} dev ${gatewayBridgeName}`]
    : howToUndo(way, selector)
  return [
    {
      title: `${leads}: ${isGone ? `it has no route by ${gatewayBridgeName}, and takes ` : ''}${decidedBy(way)}`,
      cause: `${rule === undefined || table === 'main' ? 'The route is more specific than that of the network itself, or that is gone' : `The rule is asked before the table main, which has the right route, and ${table === '' ? 'ends them' : `table ${table} takes them`}`}. The node’s own traffic has other addresses, so that the swarm looks healthy.`,
      remedy: [
        ...commands.map((command) =>
          isGone
            ? `On ${node}: \`${command}\`, and find what took the route away: \`journalctl -u NetworkManager -u systemd-networkd\``
            : `On ${node}: \`${command}\`, and the same where these are set up (\`PostUp\` of wg-quick, netplan, a script)`,
        ),
        `See the way then: \`ip route get ${to} from ${sourceTold(first)}\` must name ${expected}`,
      ],
      nodes: [node],
      pairs: pathsOf(problems),
      proof: group.slice(0, 4).map((one) => `${node}, ${one.what} (${one.to}): ${decidedBy(one.way)}`),
      explains: (problem) => problems.includes(problem) || isOverlap(problem, node, way),
    },
  ]
}

const sourceTold = ({ expected, problem: { path } }: Led): string =>
  expected === gatewayBridgeName
    ? path === undefined
      ? 'ADDRESS-OF-THE-NODE'
      : 'CLIENT iif INTERFACE'
    : `ADDRESS-OF-CONTAINER iif ${gatewayBridgeName}`

/** What GWB-01 says of the same route. */
function isOverlap({ code, node, subject }: Reported, on: string, way: RoutingDecision): boolean {
  const told = way.routes.map(({ destination, device }) => `${destination} dev ${device}`)
  return (
    code === 'bridge-overlaps-route' && node === on && way.table === 'main' && told.includes(subject ?? '')
  )
}

function ledAway(problem: Reported, node: string, state: HostState, lab: LabView): Led | undefined {
  if (problem.code === 'own-port-not-answered') return ownRequest(problem, node, state)
  if (!isForwardedBy(problem, node, lab)) return undefined
  const [packet] = forwardedPackets(problem, node, lab)
  if (packet === undefined) return undefined
  return problem.code.startsWith('outbound')
    ? outside(problem, problem.address, packet, state)
    : (inward(problem, packet, node, state, lab) ?? outside(problem, packet.source, packet, state))
}

/** After DNAT it is routed as from the address that was asked. */
function ownRequest(problem: Reported, node: string, state: HostState): Led | undefined {
  const { address: from, node: of } = problem
  const to = addressBehindGateway(state)
  if (of !== node || from === undefined || to === undefined || !isIPv4(from) || from.startsWith('127.'))
    return undefined
  // Where its own rule says it.
  if (routedBySource(state).some(({ address, table }) => address === from && !table.toGatewayBridge))
    return undefined
  const asked = {
    protocol: 'tcp',
    source: from,
    destination: from,
    fromHost: true,
    toHost: true,
    in: '',
    state: 'new',
  }
  return toBridge(problem, routingDecision(state, { to, from, comesIn: 'lo', asked }), to, state)
}

function inward(
  problem: Reported,
  packet: AskedPacket,
  node: string,
  state: HostState,
  lab: LabView,
): Led | undefined {
  const { source: from, destination, in: comesIn } = packet
  const to = destination ?? addressBehindGateway(state)
  const own = lab.facts?.nodes.find(({ name }) => name === node)?.advertise.address
  if (to === undefined || from === undefined || typeof comesIn !== 'string') return undefined
  const asked = {
    ...packet,
    ...(own === undefined ? {} : { destination: own }),
    toHost: true,
    translated: false,
  }
  return toBridge(problem, routingDecision(state, { to, from, comesIn, asked }), to, state)
}

function toBridge(
  problem: Reported,
  way: RoutingDecision | undefined,
  to: string,
  state: HostState,
): Led | undefined {
  if (way === undefined || !isBehindGateway(state, to)) return undefined
  if (way.routes.some(({ device }) => device === gatewayBridgeName)) return undefined
  const [subnet = ''] = gatewaySubnets(state).filter((one) => contains(one, to))
  return {
    ...{ problem, to, way, expected: gatewayBridgeName, selector: `to ${networkOf(subnet)}` },
    what: 'what is for containers behind docker_gwbridge',
  }
}

/** What containers send to a neighbour of the node, an answer as well. */
function outside(
  problem: Reported,
  to: string | undefined,
  { protocol }: AskedPacket,
  state: HostState,
): Led | undefined {
  const from = addressBehindGateway(state)
  if (to === undefined || from === undefined || !isIPv4(to)) return undefined
  const near = state.root.links
    .filter(({ up }) => up)
    .flatMap(({ name, addresses }) => addresses.map((one) => ({ name, ...one })))
    .find(
      ({ family, address, prefixLength }) => family === 'inet' && contains(`${address}/${prefixLength}`, to),
    )
  if (near === undefined || near.name === gatewayBridgeName) return undefined
  const asked = {
    protocol,
    source: from,
    destination: to,
    fromHost: false,
    toHost: false,
    in: gatewayBridgeName,
  }
  const way = routingDecision(state, { to, from, comesIn: gatewayBridgeName, asked })
  if (way === undefined || way.routes.some(({ device }) => device === near.name)) return undefined
  if (problem.code === 'outbound-lost' && way.routes.length === 0) return undefined
  const subnet = networkOf(`${near.address}/${near.prefixLength}`)
  return {
    ...{ problem, to, way, expected: near.name, selector: `iif ${gatewayBridgeName} to ${subnet}` },
    what: problem.code.startsWith('outbound')
      ? 'what its containers send outside'
      : 'what its containers answer',
  }
}
