import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import type { NodeFacts } from '../../observation/facts.ts'
import { nodesOf } from '../../observation/problem.ts'
import type { HostState, Route } from '../../observe/host-state.ts'
import type { RoutingDecision } from '../../observe/routing-decision.ts'
import { contains, networkOf } from '../../topology/cidr.ts'
import { canEndAt } from '../ends.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { ledByTold, routeTold, wayToPeer } from '../peer-routing.ts'
import type { Draft, Rule } from '../rule.ts'

/** A node is in one network with another, and a route leads to that one’s address by another interface all the same. */
export const peerByAnotherInterface: Rule = {
  code: 'peer-by-another-interface',
  title: 'A route leads to the address of another node by another interface than that of its network',
  severity: ['cause'],
  meaning:
    'Control traffic goes to the advertise address of a node and VXLAN and ESP to its data-path address, by whatever interface the routes lead there. A more specific route, or one of a lower metric (a VPN, a line for another purpose, a routing daemon), takes them away from the interface that has the network of that address. They then use the wrong line, or reach nobody, and they get the source address of that interface, by which the other nodes and encryption do not know them.',
  proof: [
    'The interface that the swarm was given for this traffic has an address in one network with the other node’s',
    'The route that is taken for the other node’s address leaves by another interface: of the table main, or of the one that a policy routing rule leads to, the most specific, of equal ones the one with the lowest metric',
    'Traffic of the two was seen on an interface where it must not be, or never left by the right one',
  ],
  silencedBy: [
    'One of several equal routes leaves by the right interface',
    'What policy routing makes of these packets is not known: `peer-not-routed` says when',
    'The node’s own interface is down, or has no address in one network with the other node: then another way may be meant',
    'Traffic of the two was seen where it should be, whatever else was missed between them',
    'A strict reverse path filter dropped what the other node sends: `reverse-path-filter-drops` says so, and names the route',
  ],
  remedy: [
    'Look: `ip route get ADDRESS` on the node, `ip route show to match ADDRESS`',
    'Where a policy routing rule leads there, `ip rule add to SUBNET lookup main priority N` before it keeps the network of the nodes out; of Tailscale, `tailscale set --accept-routes=false`',
    'Remove the more specific route, `ip route del DESTINATION dev INTERFACE`, and take it out of netplan, ifupdown, the VPN or the routing daemon that sets it',
  ],
  reports: [
    {
      url: 'https://github.com/moby/swarmkit/issues/1667',
      says: 'A swarm was given the faster of two interfaces in one network, and its containers reached each other only as long as the slower one was not blocked.',
    },
  ],
  find: (lab) => nodesRead(lab).flatMap((node) => draftsOf(lab, node)),
  gravity: 51,
}

const allTraffic = 'all traffic of the swarm'
const controlTraffic = 'control traffic (2377, 7946)'

export interface Stray {
  readonly peer: NodeFacts
  readonly address: string
  readonly traffic: string
  readonly route: Route
  /** What led to its table, unless that is main. */
  readonly led?: Pick<RoutingDecision, 'rule' | 'table'>
  /** The interface that is in one network with the address. */
  readonly expected: string
}

function draftsOf(lab: LabView, node: string): Draft[] {
  const own = lab.facts?.nodes.find(({ name }) => name === node)
  const [state] = statesOf(lab, node)
  if (own === undefined || state === undefined) return []
  const found = straysOn(lab, node).filter((stray) =>
    lab.problems().some((problem) => isSeenAstray(problem, own, stray)),
  )
  const [first] = found
  if (first === undefined) return []
  const who = [...new Set(found.map(({ peer }) => peer.name))]
  const traffic = [...new Set(found.map((stray) => stray.traffic))].join(', and ')
  return [
    {
      title: `${node} sends ${traffic} for ${inWords(who)} by ${first.route.device}, not by ${first.expected}: it has a route ${toldOf(first)}`,
      cause: `${first.expected} of ${node} is in one network with ${first.address}, and a route that is preferred leads there by ${first.route.device}. What ${node} sends to ${inWords(who)} takes that line and, where nothing else says so, the source address of that interface, by which neither the other nodes nor encryption know it.`,
      remedy: [
        ...found.flatMap(({ address, expected, led }) => byRule(node, state, address, expected, led)),
        ...found.map(({ route, led, expected }) =>
          led === undefined && isConnected(state, route) && isOfSameNetwork(state, route, expected)
            ? `${route.device} and ${expected} of ${node} are both in ${route.destination}: let ${expected} be preferred, \`ip route replace ${route.destination} dev ${expected} metric ${Math.max(0, (route.metric ?? 0) - 1)}\`${(route.metric ?? 0) === 0 ? ` after \`ip route del ${routeTold(route)}\`` : ''}, or take the address of ${route.device} away; and the same in whatever sets the interfaces up`
            : led === undefined && isConnected(state, route)
              ? `${route.device} of ${node} is itself in ${route.destination}, which covers the address of another node: give that network another range (of a bridge of docker: make it again with \`docker network create --subnet SUBNET\`, and other \`default-address-pools\` in \`/etc/docker/daemon.json\`)`
              : `${led === undefined ? `On ${node}:` : 'Or take the route away:'} \`ip route del ${routeTold(route)}${led === undefined ? '' : ` table ${led.table}`}\``,
        ),
        `See which way is taken then: \`ip route get ${first.address}\` must name ${first.expected}; find what set the route (a VPN, netplan, a routing daemon), or it comes back`,
      ],
      nodes: [node],
      pairs: who.map((to) => ({ from: node, to })),
      proof: found.flatMap(({ peer, address, expected, ...stray }) => [
        `${node}: ${toldOf(stray)} covers ${address} of ${peer.name}`,
        `${node}: ${expected} has ${addressesOf(state, expected).join(', ')}`,
      ]),
      explains: (problem) => found.some((stray) => isBetween(problem, own, stray)),
    },
  ]
}

/** Nodes to which another interface of this one is taken than that of their network, with its name. */
export function straysOn(lab: LabView, node: string): readonly Stray[] {
  const own = lab.facts?.nodes.find(({ name }) => name === node)
  const [state] = statesOf(lab, node)
  if (own === undefined || state === undefined) return []
  const peers = lab.facts?.nodes.filter(({ name }) => name !== node) ?? []
  return peers.flatMap((peer) => straysOf(lab, state, own, peer))
}

function straysOf(lab: LabView, state: HostState, own: NodeFacts, peer: NodeFacts): Stray[] {
  const isOne = peer.dataPath.address === peer.advertise.address
  const wanted = [
    {
      ...{ address: peer.dataPath.address, expected: own.dataPath.interface },
      traffic: isOne ? allTraffic : 'VXLAN and ESP',
    },
    ...(isOne
      ? []
      : [
          {
            ...{ address: peer.advertise.address, expected: own.advertise.interface },
            traffic: controlTraffic,
          },
        ]),
  ]
  return wanted.flatMap((one): Stray[] => {
    const stray = strayRoute(lab, state, own.name, one)
    return stray === undefined ? [] : [{ ...one, peer, ...stray }]
  })
}

/** As `ip route del` takes it, with what leads to its table. */
function toldOf({ route, led }: Pick<Stray, 'route' | 'led'>): string {
  const table = led === undefined ? '' : ` in table ${led.table}`
  return `${routeTold(route)}${table}${led?.rule === undefined ? '' : `, to which ${ledByTold(led.rule)} leads`}`
}

/** What keeps the network of the nodes out of another table, whatever that holds. */
function byRule(
  node: string,
  state: HostState,
  address: string,
  expected: string,
  led: Stray['led'],
): string[] {
  const near = state.root.links
    .find(({ name }) => name === expected)
    ?.addresses.find(
      (one) => one.family === 'inet' && contains(`${one.address}/${one.prefixLength}`, address),
    )
  if (led?.rule === undefined || near === undefined) return []
  const priority = led.rule.priority > 1 ? ` priority ${led.rule.priority - 1}` : ''
  return [
    `On ${node}: \`ip rule add to ${networkOf(`${near.address}/${near.prefixLength}`)} lookup main${priority}\`, before the rule that leads to table ${led.table}; of Tailscale (table 52) \`tailscale set --accept-routes=false\``,
  ]
}

/** Undefined where the right interface is taken, or where that is not known. */
function strayRoute(
  lab: LabView,
  state: HostState,
  node: string,
  { address, expected }: Pick<Stray, 'address' | 'expected'>,
): Pick<Stray, 'route' | 'led'> | undefined {
  if (address.includes(':')) return undefined
  const link = state.root.links.find(({ name }) => name === expected)
  const ofLink = link?.addresses.filter(({ family }) => family === 'inet') ?? []
  const isNear = ofLink.some((one) => contains(`${one.address}/${one.prefixLength}`, address))
  if (link?.up !== true || !isNear) return undefined
  const way = wayToPeer(lab, state, node, address)
  const [route] = way?.routes ?? []
  if (way === undefined || route === undefined) return undefined
  if (way.routes.some(({ device }) => device === expected)) return undefined
  const { table, rule } = way
  return { route, ...(table === 'main' ? {} : { led: { table, ...(rule === undefined ? {} : { rule }) } }) }
}

/** Of the network that the interface has an address in. */
function isConnected({ root }: HostState, { destination, gateway, device }: Route): boolean {
  return (
    gateway === undefined &&
    destination !== 'default' &&
    root.links.some(
      ({ name, addresses }) =>
        name === device &&
        addresses.some(
          ({ address, prefixLength, family }) =>
            family === 'inet' && networkOf(`${address}/${prefixLength}`) === destination,
        ),
    )
  )
}

/** Two interfaces of the node are in one network. */
const isOfSameNetwork = ({ root }: HostState, { destination }: Route, expected: string): boolean =>
  root.links.some(
    ({ name, addresses }) =>
      name === expected &&
      addresses.some(
        ({ address, prefixLength, family }) =>
          family === 'inet' && networkOf(`${address}/${prefixLength}`) === destination,
      ),
  )

function addressesOf({ root }: HostState, device: string): string[] {
  return root.links
    .filter(({ name }) => name === device)
    .flatMap(({ addresses }) => addresses)
    .flatMap(({ address, prefixLength, family }) => (family === 'inet' ? [`${address}/${prefixLength}`] : []))
}

/** Nothing left by the interface by which it should. */
const notLeft: readonly ProblemCode[] = [
  ...(['data-never-left', 'gossip-never-left', 'not-encapsulated', 'no-esp-left'] as const),
]

/** Whether a problem is of what goes to that address: what engines tell each other and published ports, or the data path. */
function isOfTraffic({ code, protocol = '', requirement }: Reported, { traffic }: Stray): boolean {
  if (traffic === allTraffic) return true
  const isControl =
    code === 'traffic-on-other-interface'
      ? protocol === 'gossip' || protocol === 'management'
      : /^(CTL-0[12356]|CTL-1|ING|RES)/.test(requirement)
  return isControl === (traffic === controlTraffic) || /^(ING|RES)/.test(requirement)
}

/** On an interface where it must not be, or not where it should be. */
function isSeenAstray(problem: Reported, own: NodeFacts, stray: Stray): boolean {
  const { code, path, reached } = problem
  if (!isOfTraffic(problem, stray)) return false
  if (code === 'traffic-on-other-interface') return isAstray(problem, own, stray)
  return (
    path?.from === own.name &&
    path.to === stray.peer.name &&
    (notLeft.includes(code) || reached === 'sender' || isWrongSource(problem, own))
  )
}

function isAstray({ address = '', node }: Reported, own: NodeFacts, { peer }: Stray): boolean {
  const [, from = '', to = ''] = /^from (\S+) to (\S+)$/.exec(address) ?? []
  const holds = ({ advertise, dataPath }: NodeFacts, one: string): boolean =>
    one === advertise.address || one === dataPath.address
  return (
    (node === own.name || node === peer.name) &&
    ((holds(own, from) && holds(peer, to)) || (holds(peer, from) && holds(own, to)))
  )
}

const isWrongSource = ({ code, subject, node }: Reported, own: NodeFacts): boolean =>
  code === 'outer-address-differs' && subject === 'source' && node === own.name

/** Traffic of the two that is seen astray, or that is missed and can have ended at this node on its way out. */
function isBetween(problem: Reported, own: NodeFacts, stray: Stray): boolean {
  if (!isOfTraffic(problem, stray)) return false
  if (problem.code === 'traffic-on-other-interface') return isAstray(problem, own, stray)
  const concerned = nodesOf(problem)
  return (
    concerned.includes(own.name) &&
    concerned.includes(stray.peer.name) &&
    (isWrongSource(problem, own) ||
      (problem.kind === 'missed' && canEndAt(problem, { at: own.name, way: 'leaving' })))
  )
}
