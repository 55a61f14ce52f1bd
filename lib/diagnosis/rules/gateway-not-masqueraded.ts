import type { ProblemCode } from '../../observation/codes.ts'
import type { HostState } from '../../observe/host-state.ts'
import type { PlacedRule } from '../../observe/ruleset.ts'
import { type AskedRule, isFinal, whoDecides } from '../../observe/who-decides.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import { addressBehindGateway, isBehindGateway } from '../gateway-bridge.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import {
  countedMeanwhile,
  countTold,
  deletion,
  describeDecider,
  isWholeTable,
  nodeRuleset,
} from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'

const codes: readonly ProblemCode[] = ['outbound-source-wrong', 'outbound-lost', 'outbound-never-left']

/** What containers send out of the overlays leaves a node with their own address: no rule masquerades it, or another decides before. */
export const gatewayNotMasqueraded: Rule = {
  code: 'gateway-not-masqueraded',
  title: 'What containers send outside leaves a node without its address',
  severity: ['cause'],
  meaning:
    'Containers of a swarm reach everything outside of overlays by docker_gwbridge, and the engine replaces their address by the node’s. Without that packets leave with an address that nobody else has a route to: answers never come back, so registries, databases and resolvers outside time out from this node alone, while overlays and published ports work.',
  proof: [
    'A datagram of a task arrived at another node with an address that is not its node’s, or did not arrive',
    'The rules of its node as they are after the traffic: none masquerades what leaves docker_gwbridge for that interface, or another decides before',
  ],
  silencedBy: [
    'A rule masquerades it and is asked; of one of which it is not known whether it meets these packets (an ipset, a mark), only where its counter moved and nothing was seen to arrive with the address of a container',
    'It arrived with a translated address, and no rule that translates otherwise is there',
    'The firewall of the node could not be read, or the other implementation of iptables may hold the rule',
    'All rules of the engine are gone, or forwarding is off: `engine-rules-gone`, `forwarding-off`',
  ],
  remedy: [
    'Where there is no such rule: `systemctl restart docker` has the engine make docker_gwbridge’s rules again',
    '`iptables -t nat -nvL POSTROUTING --line-numbers`: a rule MASQUERADE for the subnet of docker_gwbridge, out of any other interface, and nothing before it that accepts, returns or translates',
    '`docker network inspect docker_gwbridge`: made by hand it needs `com.docker.network.bridge.enable_ip_masquerade=true`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/34939',
      says: 'A maintainer on a firewall that was restarted: the engine writes its rules when it starts and containers change, and does not know that somebody removed them.',
    },
    {
      url: 'https://github.com/moby/moby/issues/28133',
      says: 'An engine that is told to write no rules does not masquerade either, and containers have no access outside.',
    },
  ],
  find(lab) {
    const problems = lab.problems(...codes)
    const nodes = [...new Set(problems.flatMap((problem) => senderOf(problem) ?? []))]
    return nodes.flatMap((node) => {
      const [state] = statesOf(lab, node)
      const own = problems.filter((problem) => senderOf(problem) === node)
      return state === undefined ? [] : draftOf(node, state, own, lab)
    })
  },
  gravity: 71,
}

const senderOf = ({ path, node }: Reported): string | undefined => path?.from ?? node

function draftOf(node: string, state: HostState, problems: readonly Reported[], lab: LabView): Draft[] {
  const found = problems.flatMap((problem) => {
    const why = reasonOf(problem, node, state, lab)
    return why === undefined ? [] : [{ problem, why }]
  })
  const [first] = found
  if (first === undefined) return []
  const { by, masquerade } = first.why
  const others = nodesRead(lab).filter((other) => other !== node && masquerades(other, lab))
  return [
    {
      title: `What containers on ${node} send outside leaves without ${node}'s address: ${
        by === undefined
          ? `no rule masquerades what leaves ${gatewayBridgeName}`
          : `${describeDecider(by)} decides before ${masquerade === undefined ? 'any rule masquerades it' : `${describeDecider(masquerade)} is asked`}`
      }`,
      cause: `${
        by === undefined
          ? others.length === 0
            ? `No node masquerades it: either ${gatewayBridgeName} was made by hand without com.docker.network.bridge.enable_ip_masquerade, or something takes the rule away everywhere.`
            : `The engine writes the rule when it makes ${gatewayBridgeName} and does not look again: a firewall that was reloaded or a script on ${node} took it away, or the bridge was made by hand to have none.`
          : `The rule was put before the engine's, and of a connection the first rule that decides is the only one.`
      } ${by !== undefined && translates(by) ? 'Answers come back only where the address that it gives leads to this node' : 'Answers to what containers there send do not come back'}; overlays and published ports go on working.`,
      remedy:
        by === undefined
          ? [
              `On ${node}: \`systemctl restart docker\` writes it again`,
              `See whether the bridge is to have it: \`docker network inspect --format '{{.Options}}' ${gatewayBridgeName}\` on ${node}`,
              'Keep the firewall from taking it again: `iptables-restore --noflush`, no `iptables -t nat -F` in scripts, docker started after the firewall',
            ]
          : [
              `On ${node} limit it to what it is for, or take it away: \`${deletion(by)}\``,
              'What is for other networks needs to say so: `-s SUBNET` or `-o INTERFACE`',
            ],
      nodes: [node],
      pairs: pathsOf(found.map(({ problem }) => problem)),
      proof: [
        ...found
          .slice(0, 4)
          .map(({ problem: { path, address, code, observed, expected } }) =>
            code === 'outbound-source-wrong'
              ? `what a task on ${node} sent to ${address} arrived at ${path?.to} from ${observed}, expected ${expected}`
              : `what a task on ${node} sent to ${address} did not arrive`,
          ),
        by === undefined
          ? `${node}: no rule that is asked about what leaves ${gatewayBridgeName} for other interfaces masquerades`
          : `${node}: ${describeDecider(by)}${countTold(countedMeanwhile(lab, node, by))}`,
        ...(masquerade === undefined ? [] : [`${node}: ${describeDecider(masquerade)} is not asked`]),
        ...(others.length === 0
          ? []
          : [`${others.join(', ')} ${others.length === 1 ? 'masquerades' : 'masquerade'} it`]),
      ],
      explains: (problem) => found.some((one) => one.problem === problem),
    },
  ]
}

interface Reason {
  /** What decides; undefined where no rule masquerades. */
  readonly by: PlacedRule | undefined
  /** The rule that would, were it asked. */
  readonly masquerade: PlacedRule | undefined
}

function reasonOf(problem: Reported, node: string, state: HostState, lab: LabView): Reason | undefined {
  const asked = askedOf(node, state, problem, lab)?.filter(
    (one) => !isSeenNotToMatch(one, problem, node, lab),
  )
  if (asked === undefined) return undefined
  const masquerading = asked.find((one) => isMasquerade(one) && !one.beyond)
  if (masquerading !== undefined) {
    const by = isSeenUntranslated(problem, node, lab) ? sparedBy(masquerading, asked) : undefined
    return by === undefined || translates(by) ? undefined : { by, masquerade: masquerading.rule }
  }
  const masquerade = asked.find(isMasquerade)
  // Where no rule would masquerade, one that leaves packets alone is no cause; and it ends the chains of its own table only.
  const by = asked.find(
    (one) =>
      isDecider(one) && (masquerade === undefined ? translates(one.rule) : one.base === masquerade.base),
  )?.rule
  const source = String(problem.observed ?? '')
  const isTranslated = problem.code === 'outbound-source-wrong' && !isBehindGateway(state, source)
  if (by !== undefined)
    return isTranslated === translates(by) ? { by, masquerade: masquerade?.rule } : undefined
  return isTranslated || !isWholeTable(state, 'nat') ? undefined : { by, masquerade: undefined }
}

/** Rules that are asked about what a task sends there, of chains that translate. */
function askedOf(
  node: string,
  state: HostState,
  { observed, address, port, protocol }: Pick<Reported, 'observed' | 'address' | 'port' | 'protocol'>,
  { facts }: LabView,
): readonly AskedRule[] | undefined {
  const seen = String(observed ?? '')
  const source = seen !== '' && isBehindGateway(state, seen) ? seen : addressBehindGateway(state)
  const out = facts?.nodes.find(({ name }) => name === node)?.advertise.interface
  if (source === undefined || out === undefined) return undefined
  return whoDecides(nodeRuleset(state), 'postrouting', {
    ...{ protocol: protocol?.toLowerCase() ?? 'udp', state: 'new', source, in: gatewayBridgeName, out },
    ...{ fromHost: false, toHost: false, translated: false, byIpsec: false },
    ...(address === undefined ? {} : { destination: address }),
    ...(port === undefined ? {} : { destinationPort: port }),
  }).asked.filter(({ base }) => base.translates)
}

/**
 * A rule that is not understood, or that stands in a chain behind one which may leave it: it met none where it counted none,
 * and where one arrived with the address of a container.
 */
function isSeenNotToMatch(asked: AskedRule, problem: Reported, node: string, lab: LabView): boolean {
  const { rule, applies, doubted, path } = asked
  if (rule.masquerades !== true || (applies !== 'unread' && !(doubted && path.length > 1))) return false
  return countedMeanwhile(lab, node, rule) === 0 || isSeenUntranslated(problem, node, lab)
}

function isSeenUntranslated({ code, observed = '' }: Reported, node: string, lab: LabView): boolean {
  const [state] = statesOf(lab, node)
  return code === 'outbound-source-wrong' && state !== undefined && isBehindGateway(state, String(observed))
}

/**
 * Where packets left as they were although a rule masquerades all that come to it: the one before it that is not
 * understood, where there is no other.
 */
function sparedBy(masquerade: AskedRule, asked: readonly AskedRule[]): PlacedRule | undefined {
  const [only, ...others] = asked
    .slice(0, asked.indexOf(masquerade))
    .filter((one) => one.base === masquerade.base && one.applies === 'unread' && endsWay(one))
  return others.length === 0 ? only?.rule : undefined
}

const isMasquerade = ({ rule, applies }: AskedRule): boolean =>
  rule.masquerades === true && applies !== 'some'

/** Ends the way through the chains of its table for all of the packets, and does not masquerade. */
const isDecider = (asked: AskedRule): boolean => asked.applies === 'all' && endsWay(asked)

function endsWay({ rule, beyond, path }: AskedRule): boolean {
  if (beyond || rule.masquerades === true) return false
  return isFinal(rule) || (rule.verdict === 'return' && path.length === 1)
}

const translates = ({ text }: PlacedRule): boolean => /(^| )(-j )?(SNAT|NETMAP|snat)( |$)/.test(text)

function masquerades(node: string, lab: LabView): boolean {
  const [state] = statesOf(lab, node)
  const asked = state === undefined ? undefined : askedOf(node, state, {}, lab)
  return asked?.some((one) => isMasquerade(one) && !one.beyond) === true
}
