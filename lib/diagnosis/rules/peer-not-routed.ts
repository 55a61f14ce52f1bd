import { inWords } from '../in-words.ts'
import type { HostState } from '../../observe/host-state.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { ledByTold, wayToPeer } from '../peer-routing.ts'
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
    'The route that is taken for the other node’s address refuses, or none covers it: of the table main, or of the one that a policy routing rule leads to, the most specific, of equal ones the one with the lowest metric; or the rule itself refuses',
    'Something was missed between the two',
  ],
  silencedBy: [
    'A route via a device that is more specific, or as specific and without a higher metric',
    'A policy routing rule that cannot be followed: it asks for more than addresses, marks and interfaces, or its table was not read',
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
  /** What refuses, as `route that refuses` or `policy routing rule that refuses`, and what `ip` takes to delete it; undefined where there is no route. */
  readonly by?: { readonly what: string; readonly told: string; readonly remove: string }
}

function refusalsOf(lab: LabView, node: string): Draft[] {
  const [state] = statesOf(lab, node)
  if (state === undefined || state.root.routes.length === 0) return []
  const peers = lab.facts?.nodes.filter(({ name }) => name !== node) ?? []
  const found = peers.flatMap(({ name, dataPath, advertise }): Refusal[] =>
    [...new Set([dataPath.address, advertise.address])].flatMap((address) => {
      if (address.includes(':')) return []
      const refused = refusalFor(lab, state, node, address)
      return refused === undefined ? [] : [{ peer: name, address, ...refused }]
    }),
  )
  if (found.length === 0) return []
  const [first] = found
  const who = [...new Set(found.map(({ peer }) => peer))]
  const whom = `${first?.address ?? ''} (${inWords(who)})`
  const how =
    first?.by === undefined
      ? `${node} has no route to ${whom}`
      : `${node} has a ${first.by.what} ${whom}: ${first.by.told}`
  return [
    {
      title: how,
      cause: `The kernel of ${node} refuses these packets before they reach an interface, so that no capture shows them: VXLAN, ESP and gossip to ${inWords(who)} end there.`,
      remedy: [
        first?.by === undefined
          ? `On ${node}: \`ip route get ${first?.address ?? ''}\` and \`ip rule\`; the interface of the underlay may have lost its address or its network`
          : `On ${node}: \`${first.by.remove}\`, and find what made it: a ban, a routing daemon, a tunnel that ended`,
        `See that it is gone: \`ip route get ${first?.address ?? ''}\``,
      ],
      nodes: [node],
      pairs: who.map((peer) => ({ from: node, to: peer })),
      proof: found.map(
        ({ peer, address, by }) =>
          `${node}: ${by === undefined ? `no route covers ${address}` : `${by.told} covers ${address}`} of ${peer}`,
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

/** Undefined where a route leads there, or where that is not known. */
function refusalFor(
  lab: LabView,
  state: HostState,
  node: string,
  address: string,
): Pick<Refusal, 'by'> | undefined {
  const way = state.refusingRoutes === undefined ? undefined : wayToPeer(lab, state, node, address)
  if (way === undefined || way.routes.length > 0) return undefined
  const { refused, table, rule } = way
  if (refused === undefined) return {}
  if (refused.destination === undefined) {
    const told = rule === undefined ? '' : ledByTold(rule)
    return {
      by: {
        what: 'policy routing rule that refuses',
        told,
        remove: `ip rule del priority ${rule?.priority ?? ''}`,
      },
    }
  }
  const route = `${refused.kind} ${refused.destination}${table === 'main' ? '' : ` table ${table}`}`
  return {
    by: {
      what: 'route that refuses',
      told: rule === undefined || table === 'main' ? route : `${route}, to which ${ledByTold(rule)} leads`,
      remove: `ip route del ${route}`,
    },
  }
}
