import { inWords } from '../in-words.ts'
import type { HostState } from '../../observe/host-state.ts'
import { leadsPastMain } from '../../observe/policy-routing.ts'
import { compareRoutes, routesTo } from '../../observe/route.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import type { LabView } from '../lab-view.ts'
import { nodesOf } from '../../observation/problem.ts'
import type { Draft, Rule } from '../rule.ts'

/** A node’s own routing table refuses the address of another node, or has no way to it. */
export const peerNotRouted: Rule = {
  code: 'peer-not-routed',
  title: 'A node has no way to the address of another: a route refuses it, or there is none',
  severity: ['cause'],
  meaning:
    'Before anything reaches the wire the kernel looks for a route to the other node’s address. A `blackhole`, `unreachable` or `prohibit` route (fail2ban, a routing daemon, a tunnel that ended), or no route at all, ends VXLAN, ESP and gossip there, without a trace on any capture.',
  proof: [
    'In the main table of the node the route that is taken for the other node’s address (the most specific, of equal ones the one with the lowest metric) refuses, or none covers it',
    'Something was missed between the two',
  ],
  silencedBy: [
    'A route via a device that is more specific, or as specific and without a higher metric',
    'A policy routing rule that can lead these packets to another table',
    'Nothing was missed between these nodes',
  ],
  remedy: [
    'Look: `ip route get ADDRESS` on the node, and `ip rule`',
    'Remove what refuses: `ip route del blackhole ADDRESS`, and find what made it',
  ],
  reports: [
    {
      url: 'https://github.com/fail2ban/fail2ban/pull/104',
      says: 'A ban can be a blackhole route instead of a firewall rule.',
    },
  ],
  find: (lab) => nodesRead(lab).flatMap((node) => refusalsOf(lab, node)),
  gravity: 48,
}

interface Refusal {
  readonly peer: string
  readonly address: string
  /** As `ip route del` takes it; undefined where there is no route. */
  readonly route?: string
}

function refusalsOf(lab: LabView, node: string): Draft[] {
  const [state] = statesOf(lab, node)
  if (state === undefined || state.root.routes.length === 0) return []
  const peers = lab.facts?.nodes.filter(({ name }) => name !== node) ?? []
  const found = peers.flatMap(({ name, dataPath, advertise }): Refusal[] =>
    [...new Set([dataPath.address, advertise.address])].flatMap((address) => {
      if (address.includes(':')) return []
      const refused = refusalFor(state, address)
      return refused === undefined ? [] : [{ peer: name, address, ...refused }]
    }),
  )
  if (found.length === 0) return []
  const [first] = found
  const who = [...new Set(found.map(({ peer }) => peer))]
  const whom = `${first?.address ?? ''} (${inWords(who)})`
  const how =
    first?.route === undefined
      ? `${node} has no route to ${whom}`
      : `${node} has a route that refuses ${whom}: ${first.route}`
  return [
    {
      title: how,
      cause: `The kernel of ${node} refuses these packets before they reach an interface, so that no capture shows them: VXLAN, ESP and gossip to ${inWords(who)} end there.`,
      remedy: [
        first?.route === undefined
          ? `On ${node}: \`ip route get ${first?.address ?? ''}\` and \`ip rule\`; the interface of the underlay may have lost its address or its network`
          : `On ${node}: \`ip route del ${first.route}\`, and find what made it: a ban, a routing daemon, a tunnel that ended`,
        `See that it is gone: \`ip route get ${first?.address ?? ''}\``,
      ],
      nodes: [node],
      pairs: who.map((peer) => ({ from: node, to: peer })),
      proof: found.map(
        ({ peer, address, route }) =>
          `${node}: ${route === undefined ? `no route covers ${address}` : `${route} covers ${address}`} of ${peer}`,
      ),
      explains: (problem) => {
        const concerned = nodesOf(problem)
        return (
          problem.kind === 'missed' &&
          concerned.includes(node) &&
          (concerned.length === 1 || who.some((peer) => concerned.includes(peer)))
        )
      },
    },
  ]
}

/**
 * By the main table alone: nothing is said where a policy routing rule can lead past it, or where the routes that
 * refuse were not read.
 */
function refusalFor(
  { root, refusingRoutes, routingRules = [] }: HostState,
  address: string,
): { readonly route?: string } | undefined {
  const own = root.links.flatMap(({ addresses }) => addresses.map((one) => one.address))
  if (refusingRoutes === undefined || routingRules.some((rule) => leadsPastMain(rule, own, address)))
    return undefined
  const [refusing] = routesTo(refusingRoutes, address)
  const [open] = routesTo(root.routes, address)
  if (refusing === undefined) return open === undefined ? {} : undefined
  return open === undefined || compareRoutes(refusing, open) < 0
    ? { route: `${refusing.kind} ${refusing.destination}` }
    : undefined
}
