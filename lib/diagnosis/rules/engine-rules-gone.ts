import type { HostState } from '../../observe/host-state.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { nodesOf } from '../../observation/problem.ts'
import { isOfClearTextArriving } from '../clear-text-arrivals.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { hasEngineRules, isFirewallRead, mayBeElsewhere } from '../node-firewall.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { isOfOwnMesh } from '../own-mesh.ts'
import type { Draft, Rule } from '../rule.ts'

/** Tables that the engine fills on every node of a swarm. */
const tables = ['nat', 'filter'] as const
type Table = (typeof tables)[number]

/**
 * The rules that the engine wrote into a node’s firewall are gone, all or those of one table. What follows from it, mesh,
 * gateway and clear text, is no cause of its own.
 */
export const engineRulesGone: Rule = {
  code: 'engine-rules-gone',
  title: 'The engine’s firewall rules are gone on a node',
  severity: ['cause'],
  meaning:
    'The engine writes its rules when it starts and when something changes, and does not look whether they are still there. A firewall that is reloaded with `flush ruleset`, `iptables -F`, or a restore of a saved set takes them away. Published ports stop answering, containers no longer get out, and traffic of encrypted networks leaves in clear, because the rule that marks it is gone; networks between tasks go on working, so nothing looks broken.',
  proof: [
    'Neither iptables nor nftables of the node has a rule of the engine in the table `nat`, or in `filter`: none in a chain of the engine’s and no jump to one. The chain DOCKER-USER, jumps to it, and rules that only name a bridge of the engine’s are the operator’s and do not count',
    'Other nodes have them, or this one had them when the run began; where no node has any, that is one finding of all: engines that are told to write none',
    'Encrypted networks are concerned where the rule of mangle OUTPUT that marks what they send is gone as well',
  ],
  silencedBy: [
    'The node has rules of the engine in both tables',
    'The firewall of the node could not be read, or the other implementation of iptables is in use there, which may hold them',
    'Nothing was missed at published ports, gateways or encrypted networks of this node; balancers have rules of their own in their namespaces',
  ],
  remedy: [
    '`systemctl restart docker` on the node writes them again',
    'Make the reload leave them: take `flush ruleset` out of `/etc/nftables.conf` and flush your own table only; let `iptables-restore` run with `--noflush`; restart docker after a reload of firewalld',
    'A node that never had them, or all nodes: `"iptables": false` in /etc/docker/daemon.json, or `--iptables=false` in the unit of docker; a restart writes no rules as long as it is there',
    'Treat what crossed encrypted networks from there meanwhile as disclosed',
  ],
  reports: [
    {
      url: 'https://github.com/firewalld/firewalld/issues/503',
      says: 'In a swarm of two nodes each `firewall-cmd --reload` took the chain DOCKER-INGRESS away.',
    },
    {
      url: 'https://github.com/moby/moby/pull/50443',
      says: 'Engines before it did not write the rules of ingress again after a reload of firewalld, and services could not be reached.',
    },
    {
      url: 'https://github.com/moby/moby/issues/34939',
      says: 'Starting or stopping the firewall stopped a swarm of two machines from working.',
    },
    {
      url: 'https://github.com/docker/roadmap/issues/867',
      says: 'A script that resets iptables before it applies its rules cost containers their network each time.',
    },
  ],
  find(lab) {
    const nodes = nodesRead(lab)
    const gone = nodes.map((node) => ({ node, of: goneOn(lab, node, nodes) }))
    if (
      nodes.length > 0 &&
      nodes.every((node) => hasNone(lab, node)) &&
      gone.every(({ of }) => of.length === 0)
    )
      return [nowhereDraft(lab, nodes)]
    return gone.flatMap(({ node, of }) => (of.length === 0 ? [] : [draftOf(lab, node, nodes, of)]))
  },
  gravity: 52,
}

function draftOf(lab: LabView, node: string, nodes: readonly string[], gone: readonly Table[]): Draft {
  const all = gone.length === tables.length
  const what = all ? 'all' : `those of the table ${gone.join(', ')}`
  const [state] = statesOf(lab, node)
  const had = hadMeanwhile(lab, node, gone)
  const isClear = all && state !== undefined && !hasMarkRule(state)
  const disclosed = isClear
    ? ', and what encrypted networks send leaves in clear, for the rule that marks it is gone, too'
    : ''
  return {
    title: had
      ? `The engine's firewall rules are gone on ${node}: ${what}`
      : `${node} has none of the engine's firewall rules${all ? '' : ` in the table ${gone.join(', ')}`}, other nodes have them`,
    cause: `${
      had || !all
        ? `A firewall that was reloaded or flushed on ${node} took them away; the engine writes them when it starts and does not look again.`
        : `Either a firewall that was reloaded or flushed on ${node} took them away, which the engine writes when it starts and does not look at again, or the engine there is told to write none.`
    } Published ports stop answering there and containers do not get out${disclosed}. Networks between tasks go on working, so nothing looks broken.`,
    remedy: [
      `On ${node}: \`systemctl restart docker\` writes them again`,
      ...(had || !all
        ? []
        : [
            `If it does not: \`grep iptables /etc/docker/daemon.json\` on ${node}, and take \`"iptables": false\` out`,
          ]),
      'Make the reload leave them: no `flush ruleset` in `/etc/nftables.conf` but your own table only, `iptables-restore --noflush`, and a restart of docker after `firewall-cmd --reload`',
      ...(isClear ? [`Treat what crossed encrypted networks from ${node} meanwhile as disclosed`] : []),
    ],
    nodes: [node],
    proof: [
      ...gone.map((table) => `${node}: the table ${table} has no rule of the engine`),
      had
        ? `${node} had them at ${lab.kernelBefore?.[node]?.takenAt}, when the run began`
        : describeWitness(lab, node, nodes),
    ],
    explains: (problem) =>
      isConsequence(problem, lab, node, isClear) ||
      (gone.includes('filter') && problem.node === node && isOfClearTextArriving(problem, lab)),
  }
}

/** No rule of the engine in any table, and all of them were read. */
function hasNone(lab: LabView, node: string): boolean {
  const [state] = statesOf(lab, node)
  return (
    state !== undefined &&
    isFirewallRead(state) &&
    tables.every((table) => !hasEngineRules(state, table) && !mayBeElsewhere(state, table))
  )
}

function nowhereDraft(lab: LabView, nodes: readonly string[]): Draft {
  return {
    title: `No node has any of the engine's firewall rules: the engines are told to write none, or every node's firewall was flushed`,
    cause: `An engine with \`"iptables": false\` leads no published port on, masquerades nothing and marks nothing for encryption, and on a swarm nothing else does. The same remains where one script or one tool of configuration management flushed the rules everywhere. Networks between tasks that are not encrypted go on working.`,
    remedy: [
      'On every node: `grep -s iptables /etc/docker/daemon.json; systemctl cat docker | grep iptables`; take `"iptables": false` out',
      'Then `systemctl restart docker`, one node after the other, which writes the rules; as long as the setting is there it writes none',
    ],
    nodes,
    proof: nodes.map((node) => `${node}: neither nat nor filter has a rule of the engine`),
    explains: (problem) =>
      nodes.some((node) => {
        const [state] = statesOf(lab, node)
        return isConsequence(problem, lab, node, state !== undefined && !hasMarkRule(state))
      }) ||
      (problem.node !== undefined && isOfClearTextArriving(problem, lab)),
  }
}

function goneOn(lab: LabView, node: string, nodes: readonly string[]): Table[] {
  const [state] = statesOf(lab, node)
  if (state === undefined || !isFirewallRead(state)) return []
  const others = nodes.filter((other) => other !== node).flatMap((other) => statesOf(lab, other).slice(0, 1))
  return tables.filter(
    (table) =>
      !hasEngineRules(state, table) &&
      (hadMeanwhile(lab, node, [table]) ||
        (!mayBeElsewhere(state, table) && others.some((one) => hasEngineRules(one, table)))),
  )
}

/** The earlier reading had rules in each of these tables that the later one has not. */
function hadMeanwhile(lab: LabView, node: string, gone: readonly Table[]): boolean {
  const [state] = statesOf(lab, node)
  const before = lab.kernelBefore?.[node]
  return before !== undefined && before !== state && gone.every((table) => hasEngineRules(before, table))
}

function describeWitness(lab: LabView, node: string, nodes: readonly string[]): string {
  const others = nodes.filter(
    (other) =>
      other !== node &&
      statesOf(lab, other)
        .slice(0, 1)
        .some((one) => hasEngineRules(one, 'nat')),
  )
  return `${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} them`
}

/** The rule of an encrypted network that marks what is to be encrypted (libnetwork overlay/encryption.go). */
function hasMarkRule({ root, nftables }: HostState): boolean {
  return (
    root.firewall.some(
      ({ table, chain, rule }) => table === 'mangle' && chain === 'OUTPUT' && enginesMark.test(rule),
    ) ||
    (nftables ?? []).some(
      ({ table, rules }) => table.startsWith('docker') && rules.some(({ marks }) => marks !== undefined),
    )
  )
}

/** Others mark what leaves as well, with marks of their own. */
const enginesMark = /-j MARK --set-x?mark 0xd0c4e3\b/i

/** What no rule of a firewall decides: how a bridge was made, the states of IPsec, what is lost between nodes. */
const ofOthers: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  ...(['engine-states-otherwise', 'larger-than-uplink', 'data-lost-on-the-way'] as const),
  ...(['inbound-states-differ', 'outbound-states-differ', 'policies-differ'] as const),
])

/** What its mesh and gateway do for those who ask this node or are on it, and encryption between it and another. */
function isConsequence(problem: Reported, lab: LabView, node: string, isClear: boolean): boolean {
  if (ofOthers.has(problem.code)) return false
  if (isOfOwnMesh(problem, node, lab)) return true
  const isEncrypted =
    lab.networkNamed(problem.network)?.encrypted === true || /^(ENC-|CTL-07)/.test(problem.requirement)
  return isClear && isEncrypted && nodesOf(problem).includes(node)
}
