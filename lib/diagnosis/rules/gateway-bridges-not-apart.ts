import type { HostState, Route } from '../../observe/host-state.ts'
import { routesTo } from '../../observe/route.ts'
import type { Chain, PlacedRule } from '../../observe/ruleset.ts'
import { whoDecides } from '../../observe/who-decides.ts'
import { isDefaultLike } from '../../topology/default-like.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import {
  countedMeanwhile,
  countTold,
  deletion,
  describeDecider,
  isInEnginesChain,
  nodeRuleset,
} from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'

/** A task reaches tasks of another node over docker_gwbridge: one node routes there, and the other lets it in. */
export const gatewayBridgesNotApart: Rule = {
  code: 'gateway-bridges-not-apart',
  title: 'Containers reach those of another node by their addresses on docker_gwbridge',
  severity: ['cause'],
  meaning:
    'Addresses on docker_gwbridge are of one node alone, and nodes have the same ones: nothing leads to them from elsewhere. Where a node has a route to those of another, and that one lets it in, containers reach all ports of containers there in clear text, past overlays, encryption and published ports.',
  proof: [
    'A task answered at its address on docker_gwbridge that a task of another node asked, and it was that very task',
    'A route of the asking node covers the address and leads to another interface than its own docker_gwbridge; and a rule, or a policy, of the other node lets in what arrives for it',
  ],
  silencedBy: [
    'Neither node has such a route or such a rule; a default route is none, nor 0.0.0.0/1 and 128.0.0.0/1 of a VPN',
    'The rule of the other node counted no packet, or is the engine’s, for published ports',
  ],
  remedy: [
    'Take the route away: `ip route del ADDRESS` on the node that asks, and `sysctl -w net.ipv4.conf.docker_gwbridge.proxy_arp=0` there',
    'Take away what lets it in: `iptables -S FORWARD`, `iptables -S DOCKER-USER` on the other; drop it: `iptables -I DOCKER-USER ! -i docker_gwbridge -o docker_gwbridge -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`',
    'What nodes are to reach of each other belongs on an overlay, or on a published port',
  ],
  reports: [],
  find(lab) {
    const problems = lab.problems('gateway-bridges-joined')
    const pairs = new Map(
      problems.flatMap(({ path }) =>
        path === undefined ? [] : [[`${path.from} ${path.to}`, path] as const],
      ),
    )
    return [...pairs.values()].flatMap(({ from, to }) =>
      draftOf(
        from,
        to,
        problems.filter(({ path }) => path?.from === from && path.to === to),
        lab,
      ),
    )
  },
  gravity: 73,
}

function draftOf(from: string, to: string, problems: readonly Reported[], lab: LabView): Draft[] {
  const routes = distinct(
    problems.flatMap(({ address }) => routeTo(address ?? '', statesOf(lab, from)[0]) ?? []),
    routeTold,
  )
  const letting = distinct(
    problems.flatMap((problem) => letIn(to, problem, lab) ?? []),
    ({ by }) => describeDecider(by),
  )
  const [route] = routes
  const [{ by, isSure } = { by: undefined, isSure: true }] = letting
  // A policy that accepts is on most nodes.
  if (route === undefined && (by === undefined || !('position' in by))) return []
  const routed = route === undefined ? '' : `${from} routes ${routeTold(route)}`
  const accepted =
    by === undefined ? '' : `${describeDecider(by)} of ${to} ${isSure ? 'lets' : 'may let'} it in`
  return [
    {
      title: `Containers on ${from} reach those on ${to} over ${gatewayBridgeName}: ${[routed, accepted].filter((part) => part !== '').join(', and ')}`,
      cause: `Addresses on ${gatewayBridgeName} are of one node alone. ${
        route === undefined
          ? `Something between the nodes leads what ${from} sends for such an address to ${to}`
          : `Somebody gave ${from} a way to those of ${to}`
      }${by === undefined ? '' : `, and ${to} forwards what arrives for them`}. What passes there is in clear text and on no overlay, and no published port is asked.`,
      remedy: [
        ...routes.map(
          (one) => `On ${from}: \`ip route del ${one.destination}\`, and out of whatever sets it`,
        ),
        ...(route === undefined
          ? []
          : [
              `On ${from}, if containers ask for the address by ARP: \`sysctl -w net.ipv4.conf.${gatewayBridgeName}.proxy_arp=0\``,
            ]),
        ...letting.map(({ by: one, isSure: isCertain }) =>
          'position' in one && isCertain
            ? `On ${to}: \`${deletion(one)}\``
            : `On ${to} let in only what published ports lead there: \`iptables -I DOCKER-USER ! -i ${gatewayBridgeName} -o ${gatewayBridgeName} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\``,
        ),
      ],
      nodes: [from, to],
      pairs: [{ from, to }],
      proof: [
        ...problems
          .slice(0, 4)
          .map(
            ({ ends, address, protocol }) =>
              `${ends?.from} was answered by ${ends?.to} at ${address} by ${protocol}`,
          ),
        ...routes.map((one) => `${from}: route ${routeTold(one)}`),
        ...letting.map(
          ({ by: one }) => `${to}: ${describeDecider(one)}${countTold(countedMeanwhile(lab, to, one))}`,
        ),
      ],
      explains: (problem) => problems.includes(problem),
    },
  ]
}

/** The route that is taken of those that say where to go, and not merely by default or to the node's own bridge. */
function routeTo(address: string, state: HostState | undefined): Route | undefined {
  const [taken] = routesTo(state?.root.routes ?? [], address)
  return taken === undefined || taken.device === gatewayBridgeName || isDefaultLike(taken.destination)
    ? undefined
    : taken
}

interface Letting {
  readonly by: PlacedRule | Chain
  /** It lets in all such packets; of another rule it is known only that it counted some. */
  readonly isSure: boolean
}

/** What lets in what arrives for the address: a rule for it that counted, or where there is none a policy. */
function letIn(node: string, { address, protocol, port }: Reported, lab: LabView): Letting | undefined {
  const [state] = statesOf(lab, node)
  const own = lab.facts?.nodes.find(({ name }) => name === node)
  if (state === undefined || own === undefined) return undefined
  for (const way of new Set([own.dataPath.interface, own.advertise.interface])) {
    const ruleset = nodeRuleset(state)
    const { asked, verdict, by } = whoDecides(ruleset, 'forward', {
      ...{ protocol: protocol?.toLowerCase() ?? 'tcp', state: 'new', translated: false, byIpsec: false },
      ...{ in: way, out: gatewayBridgeName, fromHost: false, toHost: false },
      ...(address === undefined ? {} : { destination: address }),
      ...(port === undefined ? {} : { destinationPort: port }),
    })
    const accepting = asked.filter(({ rule: one, applies, beyond }) => {
      const counted = countedMeanwhile(lab, node, one)
      return (
        one.verdict === 'accept' &&
        !beyond &&
        // The engine accepts what comes to ports that are published.
        (applies === 'all' ? counted !== 0 : !isInEnginesChain(one) && counted !== undefined && counted > 0)
      )
    })
    const sure = accepting.find(({ applies }) => applies === 'all')?.rule
    if (sure !== undefined) return { by: sure, isSure: true }
    const policy = ruleset.find(
      ({ hook, policy: said, table }) => hook === 'forward' && said === 'accept' && table === 'filter',
    )
    if (verdict === 'accept' && by === undefined && policy !== undefined) return { by: policy, isSure: true }
    const [some] = accepting
    if (some !== undefined) return { by: some.rule, isSure: false }
  }
  return undefined
}

const routeTold = ({ destination, gateway, device }: Route): string =>
  `${destination}${gateway === undefined ? '' : ` via ${gateway}`} dev ${device}`

function distinct<T>(all: readonly T[], key: (one: T) => string): T[] {
  return [...new Map(all.map((one) => [key(one), one])).values()]
}
