import type { HostState } from '../../observe/host-state.ts'
import { nodesOf } from '../../observation/problem.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import type { LabView, Reported } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** Tables that the engine fills on every node of a swarm. */
const tables = ['nat', 'filter'] as const

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
    'Neither iptables nor nftables of the node has a rule of the engine in the table `nat`, or in `filter`',
    'Other nodes have them, or this one had them when the run began',
  ],
  silencedBy: [
    'The node has rules of the engine in both tables',
    'No node has them: an engine that is told `"iptables": false`',
    'The firewall of the node could not be read',
  ],
  remedy: [
    '`systemctl restart docker` on the node writes them again',
    'Make the reload leave them: take `flush ruleset` out of `/etc/nftables.conf` and flush your own table only; let `iptables-restore` run with `--noflush`; restart docker after a reload of firewalld',
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
    return nodes.flatMap((node) => {
      const gone = goneOn(lab, node, nodes)
      if (gone.length === 0) return []
      const all = gone.length === tables.length
      const what = all ? 'all' : `those of the table ${gone.join(', ')}`
      return [
        {
          title: `The engine's firewall rules are gone on ${node}: ${what}`,
          cause: `A firewall that was reloaded or flushed on ${node} took them away; the engine writes them when it starts and does not look again. Published ports stop answering there and containers do not get out${all ? ', and what encrypted networks send leaves in clear, for the rule that marks it is gone, too' : ''}. Networks between tasks go on working, so nothing looks broken.`,
          remedy: [
            `On ${node}: \`systemctl restart docker\` writes them again`,
            'Make the reload leave them: no `flush ruleset` in `/etc/nftables.conf` but your own table only, `iptables-restore --noflush`, and a restart of docker after `firewall-cmd --reload`',
            ...(all ? [`Treat what crossed encrypted networks from ${node} meanwhile as disclosed`] : []),
          ],
          nodes: [node],
          proof: [
            ...gone.map((table) => `${node}: the table ${table} has no rule of the engine`),
            describeWitness(lab, node, nodes),
          ],
          explains: (problem) => isConsequence(problem, lab, node, all),
        },
      ]
    })
  },
  gravity: 52,
}

function goneOn(lab: LabView, node: string, nodes: readonly string[]): string[] {
  const [state] = statesOf(lab, node)
  if (state === undefined || !isReadable(state)) return []
  const others = nodes.filter((other) => other !== node).flatMap((other) => statesOf(lab, other).slice(0, 1))
  const before = lab.kernelBefore?.[node]
  return tables.filter(
    (table) =>
      !hasRules(state, table) &&
      [...others, ...(before === undefined ? [] : [before])].some((one) => hasRules(one, table)),
  )
}

function describeWitness(lab: LabView, node: string, nodes: readonly string[]): string {
  const before = lab.kernelBefore?.[node]
  const [after] = statesOf(lab, node)
  if (before !== undefined && after !== before && tables.every((table) => hasRules(before, table)))
    return `${node} had them at ${before.takenAt}, when the run began`
  const others = nodes.filter(
    (other) =>
      other !== node &&
      statesOf(lab, other)
        .slice(0, 1)
        .some((one) => hasRules(one, 'nat')),
  )
  return `${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} them`
}

const isReadable = ({ unavailable, firewallBackend }: HostState): boolean =>
  firewallBackend.backend !== 'none' &&
  !unavailable.some(({ tool }) => tool === 'iptables-save' || tool === 'nft')

/** By the engine’s chains and tables, on which no other program writes, and its rules about docker_gwbridge. */
function hasRules({ root, nftables }: HostState, table: (typeof tables)[number]): boolean {
  return (
    root.firewall.some(
      (rule) =>
        rule.table === table &&
        (rule.chain.startsWith('DOCKER') || /-j DOCKER|docker_gwbridge/.test(rule.rule)),
    ) ||
    (nftables ?? []).some(
      (chain) => chain.table.startsWith('docker') && chain.rules.length > 0 && isOfTable(chain.kind, table),
    )
  )
}

/** An engine with the backend nftables has one table for both. */
const isOfTable = (kind: string | undefined, table: string): boolean => kind === undefined || kind === table

/** On that node, or between it and another: what its mesh, gateway, balancers and encryption rules do. */
function isConsequence(problem: Reported, lab: LabView, node: string, all: boolean): boolean {
  const concerned = nodesOf(problem)
  if (concerned.length === 0 ? problem.kind !== 'missed' : !concerned.includes(node)) return false
  const encrypted = lab.networkNamed(problem.network)?.encrypted === true
  return (
    /^(ING|GWB|LB|RES|MTU-05|DSC-06|DSC-04)/.test(problem.requirement) ||
    (all && (encrypted || /^(ENC|CTL-07)/.test(problem.requirement)))
  )
}
