import type { PublicReport } from '../../observation/catalog-entry.ts'
import type { HostState } from '../../observe/host-state.ts'
import { type AskedRule, whoDecides } from '../../observe/who-decides.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import { addressBehindGateway } from '../gateway-bridge.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import {
  countedMeanwhile,
  countTold,
  deletion,
  describeDecider,
  isInEnginesChain,
  isWholeTable,
  nodeRuleset,
} from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'

const bridgeSetting = 'net.bridge.bridge-nf-call-iptables'

const reports = {
  unfiltered: {
    url: 'https://github.com/moby/moby/pull/11391',
    says: 'With bridge-nf-call-iptables disabled iptables does not see bridged traffic, and containers talk to each other although that is switched off.',
  },
} as const satisfies Readonly<Record<string, PublicReport>>

/** Containers of one node talk to each other over docker_gwbridge, past the overlays that should keep them apart. */
export const neighboursNotKeptApart: Rule = {
  code: 'neighbours-not-kept-apart',
  title: 'Containers of a node reach each other over docker_gwbridge',
  severity: ['cause'],
  meaning:
    'Every container with an overlay is on docker_gwbridge of its node as well, and the engine drops what goes from there to there. Where that rule is not asked, containers that share no network reach all ports of each other on the same node: the separation by networks does not hold, and whether it shows depends on where tasks happen to run.',
  proof: [
    'A task was answered at the address that another task of its node has on docker_gwbridge',
    'A rule of the node accepts what goes from docker_gwbridge to docker_gwbridge before one drops it; or none drops it; or net.bridge.bridge-nf-call-iptables is 0, so that no rule is asked',
  ],
  silencedBy: [
    'A rule drops it, none before accepts it, and bridges are filtered',
    'Rules that accept only some such packets counted none, or are the engine’s, for published ports',
    'No rule drops it as far as was read, and the firewall was not read whole, or legacy tables beside nftables may hold one',
    '`engine-rules-gone` says that the whole table is empty of the engine’s rules; `hairpin-broken` has named the setting',
  ],
  remedy: [
    '`iptables -nvL FORWARD --line-numbers` and DOCKER-USER: take away what accepts `-i docker_gwbridge -o docker_gwbridge`, or limit it to `--ctstate DNAT`, which published ports need',
    '`systemctl restart docker` on the node where the engine’s DROP is missing',
    '`docker network inspect docker_gwbridge`: made by hand it needs `com.docker.network.bridge.enable_icc=false`',
    '`sysctl -w net.bridge.bridge-nf-call-iptables=1`, and the same in `/etc/sysctl.d`',
  ],
  reports: [reports.unfiltered],
  find(lab) {
    const problems = lab.problems('answered-over-gateway-bridge')
    const nodes = [...new Set(problems.flatMap(({ node }) => node ?? []))]
    return nodes.flatMap((node) => {
      const [state] = statesOf(lab, node)
      const own = problems.filter((problem) => problem.node === node)
      const why = state === undefined ? undefined : reasonOf(node, state, own, lab)
      return why === undefined ? [] : [draftOf(node, own, why)]
    })
  },
  gravity: 72,
}

type Reason = Pick<Draft, 'title' | 'cause' | 'remedy'> & {
  readonly proof: readonly string[]
  readonly reports: readonly PublicReport[]
}

function draftOf(node: string, problems: readonly Reported[], why: Reason): Draft {
  return {
    title: `Containers on ${node} reach each other over ${gatewayBridgeName}: ${why.title}`,
    cause: `${why.cause} Containers that share no network reach every port of each other there; tasks on different nodes do not, so it moves with the tasks.`,
    remedy: why.remedy,
    nodes: [node],
    proof: [
      ...why.proof,
      ...problems
        .slice(0, 4)
        .map(
          ({ ends, address, protocol, observed }) =>
            `${ends?.from} asked ${ends?.to} at ${address} by ${protocol}: ${observed}`,
        ),
    ],
    reports: why.reports,
    explains: (problem) => problem.code === 'answered-over-gateway-bridge' && problem.node === node,
  }
}

function reasonOf(
  node: string,
  state: HostState,
  problems: readonly Reported[],
  lab: LabView,
): Reason | undefined {
  if (state.root.settings?.[bridgeSetting] === '0') return unfiltered(node, state)
  // The asking task is behind the same bridge: any address there tells what is for all of it.
  const source = addressBehindGateway(state)
  const ways = problems.flatMap((problem) => [askedOf(state, problem, source), askedOf(state, problem)])
  const accepted = ways.flatMap((asked) => acceptedBefore(asked, node, lab))
  const [by] = accepted.toSorted(
    (one, other) => Number(other.accept.applies === 'all') - Number(one.accept.applies === 'all'),
  )
  if (by !== undefined) return accepting(node, by, lab)
  if (ways.some((asked) => asked.some(isDrop))) return undefined
  if (!isWholeTable(state, 'filter')) return undefined
  return missing(node, ways[0] ?? [], lab)
}

/** Rules that are asked about the first packet of what was answered. */
function askedOf(
  state: HostState,
  { address, protocol, port }: Partial<Reported>,
  source?: string,
): readonly AskedRule[] {
  return whoDecides(nodeRuleset(state), 'forward', {
    ...{ protocol: protocol?.toLowerCase() ?? 'icmp', state: 'new', translated: false, byIpsec: false },
    ...{ in: gatewayBridgeName, out: gatewayBridgeName, fromHost: false, toHost: false },
    ...(address === undefined ? {} : { destination: address }),
    ...(port === undefined ? {} : { destinationPort: port }),
    ...(source === undefined ? {} : { source }),
  }).asked
}

const isDrop = ({ rule, applies }: AskedRule): boolean =>
  applies === 'all' && (rule.verdict === 'drop' || rule.verdict === 'reject')

interface Accepted {
  readonly accept: AskedRule
  readonly drop: AskedRule
}

/** What accepts, in the chains of the rule that drops and before it: of all packets, or of some that it counted. */
function acceptedBefore(asked: readonly AskedRule[], node: string, lab: LabView): Accepted[] {
  const at = asked.findIndex(isDrop)
  const drop = asked[at]
  if (drop === undefined) return []
  return asked
    .slice(0, at)
    .filter(({ rule, base, beyond }) => rule.verdict === 'accept' && base === drop.base && !beyond)
    .filter(({ rule, applies }) => {
      const counted = countedMeanwhile(lab, node, rule)
      // The engine accepts what comes to ports that are published.
      if (applies !== 'all' && isInEnginesChain(rule)) return false
      return applies === 'all' ? counted !== 0 : counted !== undefined && counted > 0
    })
    .map((accept) => ({ accept, drop }))
}

function accepting(node: string, { accept, drop }: Accepted, lab: LabView): Reason {
  const isSure = accept.applies === 'all'
  return {
    title: `${describeDecider(accept.rule)} ${isSure ? 'accepts' : 'may accept'} it before ${describeDecider(drop.rule)} is asked`,
    cause: `The engine drops on ${node} what goes from ${gatewayBridgeName} to ${gatewayBridgeName}, and somebody else's rule ${isSure ? 'accepts it before' : 'that accepts some of it, and counted, stands before'}.`,
    remedy: [
      isSure
        ? `On ${node}: \`${deletion(accept.rule)}\`, and the same out of whatever writes it`
        : `On ${node} put before it: \`iptables -I FORWARD -i ${gatewayBridgeName} -o ${gatewayBridgeName} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\`, and see whether they still reach each other`,
      'What published ports need of it can stay: `iptables -I DOCKER-USER -i docker_gwbridge -o docker_gwbridge -m conntrack --ctstate DNAT -j ACCEPT`',
    ],
    proof: [
      `${node}: ${describeDecider(accept.rule)}${countTold(countedMeanwhile(lab, node, accept.rule))}`,
      `${node}: ${describeDecider(drop.rule)} comes after it${countTold(countedMeanwhile(lab, node, drop.rule))}`,
    ],
    reports: [],
  }
}

function missing(node: string, asked: readonly AskedRule[], lab: LabView): Reason {
  const accept = asked.find(
    ({ rule, applies, beyond }) => rule.verdict === 'accept' && applies === 'all' && !beyond,
  )?.rule
  const others = nodesRead(lab).filter((other) => {
    const [state] = statesOf(lab, other)
    return other !== node && state !== undefined && askedOf(state, {}).some(isDrop)
  })
  return {
    title: `no rule drops what goes from ${gatewayBridgeName} to ${gatewayBridgeName}${accept === undefined ? '' : `, and ${describeDecider(accept)} accepts it`}`,
    cause: `The engine drops it where it made ${gatewayBridgeName}. Either the rule was taken away on ${node}, and the engine does not look again, or the bridge was made there by hand without com.docker.network.bridge.enable_icc=false.`,
    remedy: [
      `On ${node}: \`docker network inspect --format '{{.Options}}' ${gatewayBridgeName}\` says whether enable_icc is false; if so \`systemctl restart docker\` writes the rule again`,
      'If it is not, the bridge has to be made again with `--opt com.docker.network.bridge.enable_icc=false`, after the node has left the swarm',
    ],
    proof: [
      `${node}: no rule that is asked about it drops`,
      ...(others.length === 0 ? [] : [`${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} one`]),
    ],
    reports: [],
  }
}

function unfiltered(node: string, state: HostState): Reason {
  return {
    title: `${bridgeSetting} is 0 there`,
    cause: `No rule is asked on ${node} about what passes a bridge. The engine switches that on; a later \`sysctl --system\`, libvirt or a hardening script switched it off.`,
    remedy: [
      `\`sysctl -w ${bridgeSetting}=1\` on ${node}, and a line \`${bridgeSetting} = 1\` in \`/etc/sysctl.d/99-swarm.conf\``,
    ],
    proof: [
      `${node}: ${bridgeSetting} = 0`,
      ...(state.settingFiles ?? [])
        .filter(({ setting }) => setting === bridgeSetting)
        .map(({ file, value }) => `${node}: ${file} sets it to ${value}`),
    ],
    reports: [reports.unfiltered],
  }
}
