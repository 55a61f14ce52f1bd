import type { NetworkFacts } from '../../observation/facts.ts'
import type { EnforcingRule, PassingRule } from '../../observe/encryption-rules.ts'
import type { HostState } from '../../observe/host-state.ts'
import { placeOfRule, type PlacedRule } from '../../observe/ruleset.ts'
import { encryptedNetworks, isOfClearTextArriving, rulesFor } from '../clear-text-arrivals.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { countedMeanwhile, countTold, deletion, describeDecider, isWholeTable } from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'

/** Frames of an encrypted overlay that did not come by IPsec reach its tasks: nothing drops them, or another rule is asked first. */
export const clearTextLetIn: Rule = {
  code: 'clear-text-let-in',
  title: 'A node lets in frames of an encrypted overlay that arrive in clear text',
  severity: ['cause'],
  meaning:
    'Engines drop VXLAN with the VNI of an encrypted network unless it came by IPsec. Where that rule is gone, or another accepts the packet before it, whoever reaches the data-path port sends frames into the network without any key. What tasks send is still encrypted and everything works, so nothing shows it.',
  proof: [
    'Frames sent in clear from outside reached a task of the encrypted network, or the drop rule did not count them, or it was looked for and not found',
    'The rules of the node as they are after the traffic, of iptables and nftables: none drops such packets, or one that lets them pass is asked before, told by what rules do and not by their chains',
  ],
  silencedBy: [
    'The drop rule is there and nothing before it lets these packets pass',
    'The rule before it counted no packet while frames reached a task, or is for another interface or address than they came to',
    'The rule before it is for answers (`ctstate ESTABLISHED`): VXLAN is never one',
    'The rule that marks what leaves is missing as well, and what leaves is in clear: `clear-text-leak`',
    'The node’s firewall could not be read, or iptables-legacy and iptables-nft are both in use there: the rule may be in the other',
    'All rules of the engine are gone: `engine-rules-gone`',
  ],
  remedy: [
    'See the order: `iptables -nvL INPUT --line-numbers`; with firewall-backend nftables `nft list table ip docker-overlay`',
    'Where the rule is missing: `systemctl restart docker` on the node writes it again',
    'Accept the data-path port behind the engine’s rules and from nodes alone: `iptables -A INPUT -p udp --dport 4789 -s SUBNET -j ACCEPT`, and start the firewall before the engine',
    'Engines before 20.10.24 and 23.0.3 put their rule behind what is there: upgrade',
  ],
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/pull/1652',
      says: 'Engines drop clear packets of an encrypted network since then, by a rule that was appended to INPUT, behind whatever accepts there.',
    },
    {
      url: 'https://github.com/golang/vulndb/issues/1696',
      says: 'Encrypted overlay networks may be unauthenticated in engines before 20.10.24 and 23.0.3.',
    },
  ],
  find(lab) {
    return nodesRead(lab).flatMap((node) => draftsOf(node, lab))
  },
  gravity: 91,
}

function draftsOf(node: string, lab: LabView): Draft[] {
  const problems = lab
    .problems()
    .filter((problem) => problem.node === node && isOfClearTextArriving(problem, lab))
  const [state] = statesOf(lab, node)
  if (problems.length === 0 || state === undefined) return []
  const passing = passingDraft(node, problems, state, lab)
  if (passing !== undefined) return [passing]
  const missing = encryptedNetworks(lab).flatMap((network) =>
    missingDraft(node, network, state, problems, lab),
  )
  return missing.length > 0 ? missing : forgottenDraft(node, state, problems, lab)
}

const isReached = ({ code }: Reported): boolean => code.startsWith('injected-frame-reached')

/** Another rule lets the packets pass before the drop rule is asked. */
function passingDraft(
  node: string,
  problems: readonly Reported[],
  state: HostState,
  lab: LabView,
): Draft | undefined {
  const arrivals = problems.some(isReached) ? arrivalsAt(node, lab) : {}
  const networks = encryptedNetworks(lab)
    .map((network) => ({ network, dropping: rulesFor(network, state, lab, arrivals).dropping }))
    .flatMap(({ network, dropping }) => {
      const by = dropping?.behind.filter((one) => canHaveLetIn(one, node, problems, lab)) ?? []
      return dropping === undefined || by.length === 0 ? [] : [{ network, dropping, by }]
    })
  const [first] = networks
  const [by] = first?.by.toSorted((one, other) => Number(other.ofAll) - Number(one.ofAll)) ?? []
  if (first === undefined || by === undefined) return undefined
  const all = distinctRules(networks.flatMap((one) => one.by))
  const names = networks.map(({ network }) => network.name)
  const port = lab.lab.topology.swarm.dataPathPort
  return {
    title: `${node} lets in clear text of the encrypted overlay ${names.join(', ')}: ${describeDecider(by.rule)} ${by.ofAll ? 'lets it pass' : 'may let it pass'} before the engine's drop rule is asked`,
    cause: `The engine drops VXLAN with the VNI of an encrypted network that did not come by IPsec, and puts its rule first when it makes the network. A rule that was put before it afterwards (a script, a firewall that was reloaded) decides about the same packets: whoever reaches UDP ${port} of ${node} sends frames into the network without any key. What ${node} itself sends is still encrypted.`,
    remedy: [
      by.ofAll || isOfNftables(first.dropping.rule)
        ? `On ${node} take it away: \`${deletion(by.rule)}\`, and out of whatever writes it (ufw, firewalld, a script)`
        : `On ${node} put the engine's rule before it, which leaves it to what it is for: \`${deletion(first.dropping.rule)}; ${insertion(first.dropping.rule)}\`, and the same for other encrypted networks`,
      `Accept VXLAN behind the engine's rules and from the other nodes alone: \`iptables -A INPUT -p udp --dport ${port} -s SUBNET -j ACCEPT\`; or start the firewall before docker, which then puts its rule first`,
    ],
    nodes: [node],
    networks: names,
    proof: [
      ...all.map(
        (one) =>
          `${node}: ${describeDecider(one.rule)}${one.top === one.rule ? '' : `, via ${placeOfRule(one.top)}`}${countTold(countedMeanwhile(lab, node, one.rule))}`,
      ),
      ...networks.map(
        ({ network, dropping }) =>
          `${node}: ${placeOfRule(dropping.rule)} drops clear text with VNI ${network.vni} and is asked after it${countTold(countedMeanwhile(lab, node, dropping.rule))}`,
      ),
      ...reachedTold(problems),
    ],
    explains: (problem) => problem.node === node && isOfClearTextArriving(problem, lab),
  }
}

/** What was sent from another node came in where the data path is. */
function arrivalsAt(node: string, { facts }: LabView): Parameters<typeof rulesFor>[3] {
  const own = facts?.nodes.find(({ name }) => name === node)?.dataPath
  return own === undefined ? {} : { in: own.interface, destination: own.address, toHost: true }
}

const isOfNftables = ({ table }: PlacedRule): boolean => table.includes(' ')

const insertion = ({ table, chain, text }: PlacedRule): string => `iptables -t ${table} -I ${chain} ${text}`

/** A rule that counted nothing let nothing pass; where only its place was judged its place is what is wrong. */
function canHaveLetIn(
  { rule }: PassingRule,
  node: string,
  problems: readonly Reported[],
  lab: LabView,
): boolean {
  return !problems.some(isReached) || countedMeanwhile(lab, node, rule) !== 0
}

function distinctRules(passing: readonly PassingRule[]): PassingRule[] {
  return [...new Map(passing.map((one) => [describeDecider(one.rule), one])).values()]
}

/** No rule drops clear text of a network that stands. */
function missingDraft(
  node: string,
  network: NetworkFacts,
  state: HostState,
  problems: readonly Reported[],
  lab: LabView,
): Draft[] {
  const own = problems.filter((problem) => problem.network === network.name)
  const { marking, dropping } = rulesFor(network, state, lab)
  // Both rules are made by one program: where the one was read the other would have been.
  if (marking === undefined && !isWholeTable(state, 'filter')) return []
  if (own.length === 0 || dropping !== undefined) return []
  const others = witnesses(node, network, lab)
  return [
    {
      title: `${node} lets in clear text of the encrypted overlay ${network.name}: no rule of its firewall drops it`,
      cause: `${
        marking === undefined && others.length === 0
          ? `The engine never made its rules (the kernel has neither xt_bpf nor xt_u32), or something takes them away on every node.`
          : `The engine makes a rule that drops VXLAN with this VNI unless it came by IPsec${marking === undefined ? '' : `, together with the one that marks what leaves, which is there`}, and does not look again: something deleted it on ${node}.`
      } Whoever reaches UDP ${lab.lab.topology.swarm.dataPathPort} of ${node} sends frames into the network without any key, and everything goes on working.`,
      remedy: [
        `On ${node}: \`systemctl restart docker\` writes it again`,
        `If it is gone again later look for what takes it: \`iptables -S INPUT\` before and after a reload of the firewall or a run of configuration management; if it never comes, \`modprobe xt_bpf\` (\`xt_u32\` before engine 24)`,
      ],
      nodes: [node],
      networks: [network.name],
      proof: [
        `${node}: no rule drops UDP ${lab.lab.topology.swarm.dataPathPort} with VNI ${network.vni} that did not come by IPsec`,
        ...markingTold(node, marking, network.vni),
        ...(others.length === 0 ? [] : [`${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} one`]),
        ...reachedTold(own),
      ],
      explains: (problem) =>
        problem.node === node && problem.network === network.name && isOfClearTextArriving(problem, lab),
    },
  ]
}

function markingTold(node: string, marking: EnforcingRule | undefined, vni: number): string[] {
  return marking === undefined
    ? []
    : [`${node}: ${placeOfRule(marking.rule)} marks what leaves with VNI ${vni} for encryption`]
}

/** Other nodes that drop it. */
function witnesses(node: string, network: NetworkFacts, lab: LabView): string[] {
  return nodesRead(lab).filter((other) => {
    const [state] = statesOf(lab, other)
    return other !== node && state !== undefined && rulesFor(network, state, lab).dropping !== undefined
  })
}

/**
 * A network that was made meanwhile got no drop rule, and has gone since. An engine that could not make it would not have
 * marked either, or would have taken the mark away again.
 */
function forgottenDraft(
  node: string,
  state: HostState,
  problems: readonly Reported[],
  lab: LabView,
): Draft[] {
  const known = new Set(Object.values(lab.facts?.networks ?? {}).map(({ name }) => name))
  const program = standIn(state)
  const made = problems.filter(({ network }) => network !== undefined && !known.has(network))
  const without = made.filter(
    ({ code, network }) =>
      code === 'drop-rule-missing' &&
      !lab.everyProblem.some(
        (one) => one.code === 'mark-rule-missing' && one.node === node && one.network === network,
      ),
  )
  // Frames alone do not tell which rule lacked; what stands in for iptables there does.
  const lacking = without.length > 0 || program === undefined ? without : made.filter(isReached)
  const [first] = lacking
  if (first === undefined) return []
  const standing = encryptedNetworks(lab).flatMap((network) => {
    const { dropping } = rulesFor(network, state, lab)
    return dropping === undefined ? [] : [{ network, dropping }]
  })
  const names = [...new Set(lacking.flatMap(({ network }) => network ?? []))]
  return [
    {
      title: `${node} lets in clear text of the encrypted overlay ${names.join(', ')}, made meanwhile: ${program === undefined ? 'its firewall has no rule that drops it, and one that marks what leaves' : `${program}, which iptables leads to there, made no rule that drops it`}`,
      cause: `The engine makes both rules when the network comes to ${node}, and gives the network up where one of them fails (since 20.10.24 and 23.0.3). ${without.length > 0 ? 'The rule that marks is there and the one that drops is not' : 'The network was made, and what arrives in clear is let in'}, so ${node} told the engine that it was made: a program in place of iptables, or one that takes rules away at once, swallowed it.${standing.length === 0 ? '' : ' Networks made earlier still have theirs.'} Whoever reaches UDP ${lab.lab.topology.swarm.dataPathPort} of ${node} sends frames into such networks without any key.`,
      remedy: [
        `On ${node} see what iptables is: \`readlink -f "$(command -v iptables)"; iptables -V\`, and \`update-alternatives --display iptables\`; put the real one back, then \`systemctl restart docker\``,
        `See whether rules stay: \`iptables -I INPUT -p udp --dport 9 -j DROP; iptables -S INPUT; iptables -D INPUT -p udp --dport 9 -j DROP\``,
      ],
      nodes: [node],
      networks: names,
      proof: [
        ...without.map(
          ({ network, expected }) =>
            `${node}: a rule marks what leaves with VNI ${expected} of ${network}, made meanwhile, and no rule drops what arrives with it in clear`,
        ),
        ...(program === undefined ? [] : [`${node}: iptables leads to ${program}`]),
        ...standing.map(
          ({ network, dropping }) =>
            `${node}: ${placeOfRule(dropping.rule)} drops it for ${network.name}, which was made before`,
        ),
        ...reachedTold(problems),
      ],
      explains: (problem) =>
        problem.node === node && isOfClearTextArriving(problem, lab) && !known.has(problem.network ?? ''),
    },
  ]
}

/** What `iptables` leads to, where that is none of the programs that it comes with. */
function standIn({ firewallBackend: { program } }: HostState): string | undefined {
  return program === '' || /\/(xtables(-nft|-legacy)?-multi|iptables(-nft|-legacy)?)$/.test(program)
    ? undefined
    : program
}

function reachedTold(problems: readonly Reported[]): string[] {
  return problems
    .filter(isReached)
    .slice(0, 4)
    .map(
      ({ node, service, network, observed, expected }) =>
        `${observed} of ${expected} frames in clear reached ${service} on ${node} by ${network}`,
    )
}
